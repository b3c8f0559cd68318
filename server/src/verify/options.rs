//! How a verification is to be done.

use std::time::Duration;

/// How a verification is to be done.
#[derive(Debug, Clone)]
pub struct VerifyOptions {
    /// The tables, as (schema, table); all of the primary's if empty. Only a verification of all tables is remembered
    /// as the last one.
    pub tables: Vec<(String, String)>,
    /// Whether to go on with one that broke off.
    pub beginning: Beginning,
    /// How long a range should take; ranges grow and shrink towards it.
    pub range_time: Duration,
    /// The share of the time, in percent, in which statements run; the rest of it both databases are left alone.
    pub busy_percent: u32,
    /// How long to wait, for each table, until keys that are still in the journal have been mirrored.
    pub patience: Duration,
    /// With this many differences a table is no longer compared: it should be copied again.
    pub most_differences: usize,
}

/// Where a verification begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beginning {
    /// With the first range of the first table.
    Afresh,
    /// Where the last one broke off, if it did.
    WhereTheLastBrokeOff,
}

impl Default for VerifyOptions {
    fn default() -> Self {
        Self {
            tables: Vec::new(),
            beginning: Beginning::Afresh,
            range_time: Duration::from_millis(500),
            busy_percent: 100,
            patience: Duration::from_secs(30),
            most_differences: 10_000,
        }
    }
}
