//! Whether each server has room for a slot, its senders and its workers.

use serde::Deserialize;

use super::examination::Examination;
use super::{Check, PreflightError};
use crate::databases::Side;
use crate::sync::Transport;

const NAME: &str = "replication_capacity";

/// One for the stream, and two for tables that are copied at the same time (PostgreSQL's own default).
const NEEDED: i32 = 3;

#[derive(Deserialize)]
struct Row {
    name: String,
    setting: i32,
    used: i32,
}

/// There are enough free slots, senders and workers on either side, since each publishes in its turn.
pub(super) async fn check(of: &mut Examination) -> Result<Check, PreflightError> {
    if of.transport() == Transport::Journal {
        return Ok(Check::not_needed(NAME, of.transport()));
    }
    let mut check = Check::new(NAME).saw(format!("{NEEDED} of each are needed"));
    for side in [Side::Old, Side::New] {
        let rows: Vec<Row> = of
            .ask(NAME, side, include_str!("replication_capacity.sql"))
            .await?;
        for Row { name, setting, used } in rows {
            // While we replicate, what is in use is ours.
            let of_others = if of.stage == crate::sync::Stage::Idle {
                used
            } else {
                0
            };
            if setting - of_others < NEEDED {
                let enough = of_others + NEEDED;
                check
                    .block(format!(
                        "{name} is {setting} on {side} and {of_others} are in use; {enough} are needed"
                    ))
                    .mend(side, [format!("alter system set {name} = {enough}")])
                    .then(format!("then restart {side}"));
            }
        }
    }
    Ok(check)
}
