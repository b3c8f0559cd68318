//! Whether there are unlogged tables, which neither transport carries.

use serde::Deserialize;

use super::examination::{Examination, counted};
use super::{Check, PreflightError};
use crate::databases::Side;

const NAME: &str = "unlogged_tables";

#[derive(Deserialize)]
struct Row {
    full_name: String,
    bytes: i64,
}

/// There are none.
pub(super) async fn check(of: &mut Examination) -> Result<Check, PreflightError> {
    let question = "select o.full_name, pg_total_relation_size(o.oid) as bytes from ours o \
                    where o.relkind = 'r' and o.relpersistence = 'u' order by o.full_name";
    let tables: Vec<Row> = of.ask(NAME, Side::Old, question).await?;
    let mut check = Check::new(NAME).saw(counted(tables.len(), "unlogged table"));
    for table in tables {
        check
            .block(format!(
                "{} ({}) is unlogged: its rows would stay behind, and new would answer as if it were empty",
                table.full_name,
                super::examination::sized(table.bytes)
            ))
            .mend(Side::Old, [format!("alter table {} set logged", table.full_name)])
            .then("or drop it, if nothing needs it; each rewrites or removes the table under a lock");
    }
    Ok(check)
}
