//! How far a verification has come.

use std::time::Duration;

use serde::Serialize;

use super::report::per;

/// How far a verification has come, told after each range.
#[derive(Debug, Clone, Serialize)]
pub struct Progress {
    /// The table under way, as `schema.table`.
    pub table: String,
    /// Tables done.
    pub tables: usize,
    /// Tables in all.
    pub of_tables: usize,
    /// Rows compared, of all tables so far.
    pub rows: u64,
    /// Rows in all, as PostgreSQL estimates them.
    pub of_rows: u64,
    /// Rows that were found to differ.
    pub differences: u64,
    /// Time since it began, or went on, rests included, in seconds.
    pub seconds: f64,
    /// Rows compared in that time.
    pub rows_since: u64,
}

impl Progress {
    /// Rows a second, rests included.
    #[must_use]
    pub fn rows_per_second(&self) -> f64 {
        per(self.rows_since, self.seconds)
    }

    /// How long the rest will take at this rate; nothing where the estimate of rows was too low to say.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        let left = self.of_rows.checked_sub(self.rows)?;
        let rate = self.rows_per_second();
        (rate > 0.0).then(|| Duration::from_secs_f64(per(left, rate)))
    }
}
