//! Whether the write-ahead log says enough for logical replication.

use serde::Deserialize;

use super::examination::Examination;
use super::{Check, PreflightError};
use crate::databases::Side;
use crate::sync::Transport;

const NAME: &str = "wal_level";

#[derive(Deserialize)]
struct Row {
    wal_level: String,
}

/// `wal_level` is `logical` on old, and on new, which publishes in its turn once it is the primary.
pub(super) async fn check(of: &mut Examination) -> Result<Check, PreflightError> {
    let question = "select current_setting('wal_level') as wal_level";
    let old: Row = of.ask_one(NAME, Side::Old, question).await?;
    let new: Row = of.ask_one(NAME, Side::New, question).await?;
    if of.transport() == Transport::Journal {
        return Ok(Check::not_needed(NAME, of.transport()));
    }
    let mut check = Check::new(NAME).saw(format!("{} on old, {} on new", old.wal_level, new.wal_level));
    for (side, row) in [(Side::Old, old), (Side::New, new)] {
        if row.wal_level != "logical" {
            let purpose = match side {
                Side::Old => "so that it cannot publish its changes",
                Side::New => "so that it could not publish back to old after the switch",
            };
            check
                .block(format!("wal_level is {} on {side}, {purpose}", row.wal_level))
                .mend(side, ["alter system set wal_level = 'logical'"])
                .then(format!("then restart {side}"));
        }
    }
    Ok(check)
}
