//! Whether updates and deletes of every table can be published.

use serde::Deserialize;

use super::examination::Examination;
use super::{Check, PreflightError};
use crate::databases::Side;
use crate::sync::Transport;

const NAME: &str = "replica_identity";

#[derive(Deserialize)]
struct Row {
    full_name: String,
}

/// Every table has a replica identity: without one, its updates and deletes *fail* once it is published.
pub(super) async fn check(of: &mut Examination) -> Result<Check, PreflightError> {
    if of.transport() == Transport::Journal {
        return Ok(Check::not_needed(NAME, of.transport()));
    }
    let tables: Vec<Row> = of
        .ask(NAME, Side::Old, include_str!("replica_identity.sql"))
        .await?;
    let mut check = Check::new(NAME).saw(format!("{} without one", tables.len()));
    for Row { full_name } in tables {
        check
            .block(format!(
                "{full_name} has no replica identity: its updates and deletes would fail as soon as it is published"
            ))
            .mend(Side::Old, [format!("alter table {full_name} replica identity default")])
            .then("it stands for the primary key, which the table must have");
    }
    Ok(check)
}
