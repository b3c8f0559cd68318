//! Whether both databases take writes at all.

use serde::Deserialize;

use super::examination::Examination;
use super::{Check, PreflightError};
use crate::databases::Side;

const NAME: &str = "writable";

#[derive(Deserialize)]
struct Row {
    is_standby: bool,
    is_read_only: bool,
    source: String,
}

/// Neither is a standby or read-only.
pub(super) async fn check(of: &mut Examination) -> Result<Check, PreflightError> {
    let mut check = Check::new(NAME).saw("whether each database takes writes");
    for side in [Side::Old, Side::New] {
        let row: Row = of.ask_one(NAME, side, include_str!("writable.sql")).await?;
        if row.is_standby {
            check
                .block(format!("{side} is a standby, which takes no writes"))
                .mend(side, ["select pg_promote()"])
                .then("or name its primary instead");
        }
        if row.is_read_only {
            let facts = of.facts(side);
            let whose = if row.source.ends_with("user") {
                format!("role {}", facts.role)
            } else {
                format!("database {}", facts.database)
            };
            check
                .block(format!(
                    "transactions on {side} are read-only unless they say otherwise"
                ))
                .mend(
                    side,
                    [
                        "set default_transaction_read_only = off".to_owned(),
                        format!("alter {whose} set default_transaction_read_only = off"),
                    ],
                );
        }
    }
    Ok(check)
}
