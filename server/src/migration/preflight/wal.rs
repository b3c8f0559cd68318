//! Whether old's disk is safe from write-ahead log that is kept for somebody who does not come.

use serde::Deserialize;

use super::examination::{Examination, sized};
use super::{Check, PreflightError};
use crate::databases::Side;
use crate::sync::Transport;

const NAME: &str = "wal_headroom";

/// A subscriber that is away for some minutes must not lose its place.
const LEAST_MB: i64 = 1_024;

/// What is suggested as a bound.
const SUGGESTED_MB: i64 = 10_240;

#[derive(Deserialize)]
struct Row {
    max_wal_bytes: i64,
    keep_mb: Option<i64>,
    idle_timeout: i64,
    idle_slots: Vec<Slot>,
}

#[derive(Deserialize)]
struct Slot {
    name: String,
    quoted: String,
    wal_status: Option<String>,
    bytes: i64,
}

/// No slot is left behind by anybody, and what ours may keep is bounded but not too narrowly.
pub(super) async fn check(of: &mut Examination) -> Result<Check, PreflightError> {
    let mut check = Check::new(NAME);
    let mut seen = Vec::new();
    for side in [Side::Old, Side::New] {
        let row: Row = of.ask_one(NAME, side, include_str!("wal.sql")).await?;
        let bound = match row.keep_mb {
            Some(mb) if mb >= 0 => format!("at most {} for a slot", sized(mb << 20)),
            _ => "any amount for a slot".to_owned(),
        };
        seen.push(format!(
            "{side} keeps {bound} (max_wal_size {})",
            sized(row.max_wal_bytes)
        ));
        for slot in &row.idle_slots {
            check
                .warn(format!(
                    "nobody uses the replication slot {} on {side}, which keeps {} of write-ahead log ({})",
                    slot.name,
                    sized(slot.bytes),
                    slot.wal_status.as_deref().unwrap_or("nothing reserved")
                ))
                .mend(
                    side,
                    [format!("select pg_drop_replication_slot({})", slot.quoted)],
                )
                .then("unless its consumer comes back");
        }
        if of.transport() == Transport::PublishSubscribe {
            judge_bounds(&mut check, side, &row);
        }
    }
    Ok(check.saw(seen.join(", ")))
}

fn judge_bounds(check: &mut Check, side: Side, row: &Row) {
    let set_bound = [
        format!("alter system set max_slot_wal_keep_size = '{SUGGESTED_MB}MB'"),
        "select pg_reload_conf()".to_owned(),
    ];
    match row.keep_mb {
        Some(mb) if mb < 0 => {
            check
                .warn(format!(
                    "{side} keeps any amount of write-ahead log for a subscriber that is away: its disk could fill up"
                ))
                .mend(side, set_bound)
                .then("as much as its disk can spare; beyond it the copy must begin again");
        }
        Some(mb) if mb < LEAST_MB => {
            check
                .warn(format!(
                    "{side} keeps only {} of write-ahead log for a subscriber: a short absence would make the copy begin again",
                    sized(mb << 20)
                ))
                .mend(side, set_bound);
        }
        _ => {}
    }
    if row.idle_timeout > 0 {
        check
            .warn(format!(
                "{side} gives up slots that nobody has used for {} s: an outage of that length makes the copy begin again",
                row.idle_timeout
            ))
            .mend(
                side,
                [
                    "alter system set idle_replication_slot_timeout = 0",
                    "select pg_reload_conf()",
                ],
            );
    }
}
