//! Whether new has room for what old holds, as far as SQL can tell.

use serde::Deserialize;

use super::examination::{Examination, sized};
use super::{Check, PreflightError};
use crate::databases::Side;

const NAME: &str = "disk";

/// While indexes are built their sorted contents are on disk twice.
const SPARE: f64 = 1.2;

#[derive(Deserialize)]
struct Row {
    database_bytes: i64,
    wal_bytes: i64,
    largest: Option<String>,
    largest_bytes: Option<i64>,
}

/// What is free on new, where the operator has said so (SQL cannot ask), is enough for old's size and new's changes.
pub(super) async fn check(of: &mut Examination) -> Result<Check, PreflightError> {
    let question = include_str!("disk.sql");
    let old: Row = of.ask_one(NAME, Side::Old, question).await?;
    let new: Row = of.ask_one(NAME, Side::New, question).await?;
    let wanted = (old.database_bytes as f64 * SPARE) as i64 + new.wal_bytes;
    let needed = (wanted - new.database_bytes).max(0);
    let largest = match (old.largest, old.largest_bytes) {
        (Some(name), Some(bytes)) => format!(" (the largest table, {name}, {})", sized(bytes)),
        _ => String::new(),
    };
    let holds = format!(
        "old holds {}{largest}, new {}; {} should be free on new",
        sized(old.database_bytes),
        sized(new.database_bytes),
        sized(needed)
    );
    let Some(free) = of.options.new_disk_free_bytes else {
        return Ok(Check::new(NAME).saw(format!("{holds}, which cannot be asked by SQL: look, and say it")));
    };
    let mut check = Check::new(NAME).saw(format!("{holds}, {} are", sized(free as i64)));
    if (free as i64) < needed {
        check.block(format!(
            "new's disk has {} free of {} needed: free some or enlarge it",
            sized(free as i64),
            sized(needed)
        ));
    }
    Ok(check)
}
