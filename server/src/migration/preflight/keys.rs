//! Whether every table has a primary key.

use serde::Deserialize;

use super::examination::{Examination, counted};
use super::{Check, PreflightError};
use crate::databases::Side;

const NAME: &str = "keys";

#[derive(Deserialize)]
struct Row {
    full_name: String,
    by_index: Option<String>,
    is_partitioned: bool,
}

#[derive(Deserialize)]
struct Count {
    tables: usize,
}

/// Every table has a primary key: both transports, the verifier and the repair tell rows apart by it.
pub(super) async fn check(of: &mut Examination) -> Result<Check, PreflightError> {
    let question = "select count(*) as tables from ours o \
                    where o.relkind in ('r', 'p') and not o.relispartition and o.relpersistence = 'p'";
    let all: Count = of.ask_one(NAME, Side::Old, question).await?;
    let without: Vec<Row> = of.ask(NAME, Side::Old, include_str!("keys.sql")).await?;
    let mut check = Check::new(NAME).saw(format!(
        "{}, {} without a primary key",
        counted(all.tables, "table"),
        without.len()
    ));
    for table in without {
        let finding = check.block(format!(
            "{} has no primary key, so its rows cannot be told apart",
            table.full_name
        ));
        if let Some(statement) = table.by_index {
            finding
                .mend(Side::Old, [statement])
                .then("what is unique and never null already becomes the key");
        } else if table.is_partitioned {
            finding
                .mend(Side::Old, Vec::<String>::new())
                .then("add a primary key that contains the columns it is partitioned by");
        } else {
            finding
                .mend(
                    Side::Old,
                    [format!(
                        "alter table {} add column crossfade_id bigint generated always as identity primary key",
                        table.full_name
                    )],
                )
                .then("it rewrites the table under a lock; a key of columns that are there is better, if there is one");
        }
    }
    Ok(check)
}
