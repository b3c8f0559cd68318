//! Entries that could not be mirrored while both databases were there: a missing column, a violated
//! constraint. They wait longer after each failure, so that nothing behind them starves.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::databases::with_causes;

use super::entry::Entry;
use super::mirror::MirrorError;

/// The entries set aside by the workers of this process; they are still in the journal.
#[derive(Default)]
pub(super) struct SetAside {
    entries: Mutex<HashMap<i64, Waiting>>,
}

struct Waiting {
    until: Instant,
    failures: u32,
}

const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Past this many, an entry that fails is tried with every batch: slow, and bounded in memory.
const MOST: usize = 10_000;

impl SetAside {
    /// The entries that a claim must leave out for now.
    pub(super) fn now(&self) -> Vec<i64> {
        let now = Instant::now();
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries
            .iter()
            .filter(|(_, waiting)| waiting.until > now)
            .map(|(id, _)| *id)
            .collect()
    }

    /// Sets an entry aside; the first time, the log says why.
    pub(super) fn add(&self, entry: &Entry, error: &MirrorError) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= MOST && !entries.contains_key(&entry.id) {
            return;
        }
        let waiting = entries.entry(entry.id).or_insert(Waiting {
            until: Instant::now(),
            failures: 0,
        });
        if waiting.failures == 0 {
            let rows = match entry.keys.as_deref() {
                Some([key]) => key.join(", "),
                Some(keys) => format!("{} rows", keys.len()),
                None => "all rows".to_owned(),
            };
            log::warn!(
                "{}.{} ({rows}) cannot be mirrored yet and will be tried again: {}",
                entry.schema,
                entry.table,
                with_causes(error)
            );
        }
        let wait = FIRST_WAIT
            .saturating_mul(1 << waiting.failures.min(10))
            .min(LONGEST_WAIT);
        waiting.until = Instant::now() + wait;
        waiting.failures += 1;
    }

    /// Forgets entries that were mirrored after all.
    pub(super) fn mirrored(&self, mirrored: &[Entry]) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        for entry in mirrored {
            entries.remove(&entry.id);
        }
    }
}
