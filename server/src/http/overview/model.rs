//! What is shown.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::super::migration::jobs::Job;
use crate::databases::Side;
use crate::sync::Stage;

/// Everything at one moment, as this server sees it.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Overview {
    /// The moment, in milliseconds since 1970.
    pub(super) at_ms: i64,
    /// The version of Crossfade.
    pub(super) version: &'static str,
    /// The running rules.
    pub(super) rules: RunningRules,
    /// Decisions by what decided them.
    pub(super) decisions: Vec<Decided>,
    /// The databases; null in a server that only answers flags.
    pub(super) data: Option<Data>,
    /// Traffic: the last minutes in the first event and at `/api/v1/overview`, and the last sample in later events.
    pub(super) samples: Vec<Sample>,
    /// The long work that is under way, or was last.
    pub(super) job: Option<Job>,
    /// The last of each command that has ended.
    pub(super) ended: BTreeMap<&'static str, Job>,
}

/// The running rules.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct RunningRules {
    /// Their version.
    pub(super) version: String,
    /// Since when they have been running, in milliseconds since 1970.
    pub(super) since_ms: i64,
    /// What is wrong with newer ones, so that these go on.
    pub(super) rejected: Option<String>,
    /// Data requests that they did not decide, so that the primary alone served them.
    pub(super) undecided: u64,
}

/// How often something was decided.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Decided {
    pub(super) feature: String,
    pub(super) variation: String,
    /// Null for the default.
    pub(super) rule: Option<String>,
    /// The variation's `write`; null where the running rules have none.
    pub(super) write: Option<bool>,
    /// Its `read`.
    pub(super) read: Option<bool>,
    /// Since the server started.
    pub(super) count: u64,
    /// Lately.
    pub(super) per_second: f64,
}

/// The databases and the way between them.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Data {
    /// Where each is; no password is told.
    pub(super) old: String,
    pub(super) new: String,
    /// `idle`, `syncing`, `switched` or `completed`.
    #[schemars(with = "String")]
    pub(super) stage: Stage,
    /// `old` or `new`: which takes every write first.
    #[schemars(with = "String")]
    pub(super) primary: Side,
    /// Whether the primary answers.
    pub(super) primary_answers: bool,
    /// Whether all existing rows are copied.
    pub(super) copied: bool,
    /// Whether new is not asked at the moment, because it failed.
    pub(super) circuit_open: bool,
    /// Reads since the server started, by reason and side.
    pub(super) reads: Vec<Reads>,
    /// Writes since the server started, by what had become of their mirror: `applied`, `pending`, `not-asked`.
    pub(super) writes: BTreeMap<String, u64>,
    /// Reads that both databases were asked, by what came of it.
    pub(super) comparisons: BTreeMap<String, u64>,
    /// Rows that compared reads were found to differ in.
    pub(super) differences: Differences,
    /// What the databases say of the migration, as `crossfade migrate status` tells it, with the copy and the last verification;
    /// null while they cannot be asked.
    pub(super) record: Option<Value>,
}

/// Reads of one reason.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Reads {
    pub(super) reason: String,
    #[schemars(with = "String")]
    pub(super) side: Side,
    pub(super) count: u64,
}

/// Rows that differ.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Differences {
    /// How many are known.
    pub(super) count: usize,
    /// Those that were seen last.
    pub(super) rows: Value,
}

/// Traffic of a few seconds.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(in crate::http) struct Sample {
    /// When they ended, in milliseconds since 1970.
    pub(super) at_ms: i64,
    /// Reads a second by the database that answered.
    pub(super) reads: Sides<f64>,
    /// Writes a second by what had become of their mirror.
    pub(super) writes: Writes,
    /// How long reads took in milliseconds: the median and the 95th percentile, where there were any.
    pub(super) read_ms: Sides<Option<[f64; 2]>>,
    /// The same of writes on the primary.
    pub(super) write_ms: Sides<Option<[f64; 2]>>,
    /// Requests a second that the server failed to answer.
    pub(super) failed: f64,
    /// Changes that waited in the journal, where somebody looked.
    pub(super) waiting: Option<i64>,
    /// How long the oldest of them had waited, in seconds.
    pub(super) oldest_seconds: Option<f64>,
}

/// Something of each database.
#[derive(Debug, Clone, Copy, Default, Serialize, JsonSchema)]
pub(in crate::http) struct Sides<T> {
    pub(super) old: T,
    pub(super) new: T,
}

/// Writes a second.
#[derive(Debug, Clone, Copy, Default, Serialize, JsonSchema)]
pub(in crate::http) struct Writes {
    /// Both databases had them before they were answered.
    pub(super) applied: f64,
    /// They should have been in both, and were left to the journal.
    pub(super) pending: f64,
    /// The flags asked for the primary alone; the workers mirror them.
    pub(super) not_asked: f64,
}
