//! The story of a migration, told before everything that remembers it is removed.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::databases::{Databases, Side};
use crate::sync::State;
use crate::sync::servers::{Server, servers};
use crate::verify::last_report;

use super::MigrationError;
use super::events::{Event, events};

/// What there is to say of a migration.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// When it was told.
    pub at: Timestamp,
    /// The database that was left.
    pub old: String,
    /// The database that was moved to.
    pub new: String,
    /// What was moved.
    pub tables: Vec<MovedTable>,
    /// When both were last found equal.
    pub verified_at: Option<Timestamp>,
    /// Rows that were found to differ then.
    pub differences: u64,
    /// How long each stage took, in their order.
    pub stages: Vec<StageTime>,
    /// Every change of the primary.
    pub turns: Vec<TurnTime>,
    /// Requests of all servers by what became of them: `reads.flag-new`, `writes.applied`, …
    pub requests: BTreeMap<String, u64>,
    /// Everything that was done.
    pub events: Vec<Event>,
}

/// A table that was moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MovedTable {
    /// Its name with its schema.
    pub table: String,
    /// Its rows, when it was last verified.
    pub rows: u64,
}

/// One stay in a stage.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StageTime {
    /// Which.
    pub stage: &'static str,
    /// How long.
    pub seconds: f64,
}

/// One change of the primary.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TurnTime {
    /// The primary from then on.
    pub primary: String,
    /// When.
    pub at: Timestamp,
    /// How long writers waited, in milliseconds.
    pub fence_ms: f64,
}

/// Gathers the report of a migration that is about to be completed.
pub(super) async fn report(databases: &Databases, state: &State) -> Result<Report, MigrationError> {
    let primary = state.primary();
    let events = events(databases).await?;
    let verified = last_report(databases, primary).await?;
    let mut tables: Vec<MovedTable> = verified
        .iter()
        .flat_map(|report| &report.tables)
        .map(|table| MovedTable {
            table: format!("{}.{}", table.schema, table.table),
            rows: table.rows,
        })
        .collect();
    tables.sort_by(|one, other| one.table.cmp(&other.table));
    let differences = verified
        .iter()
        .map(|report| report.differences().count() as u64)
        .sum();
    let mut all = Vec::new();
    for side in [Side::Old, Side::New] {
        let mut connection = databases.mirror_session(side).await?;
        all.extend(servers(&mut connection, side).await?);
    }
    let at = Timestamp::now();
    Ok(Report {
        at,
        old: databases.url(Side::Old).to_string(),
        new: databases.url(Side::New).to_string(),
        tables,
        verified_at: verified.map(|report| report.finished_at),
        differences,
        stages: stages(&events, at),
        turns: turns(&events),
        requests: requests(&all),
        events,
    })
}

/// The stage that an event begins.
fn stage_begun_by(event: &Event) -> Option<&'static str> {
    match event.what.as_str() {
        "start" => Some("syncing, copying"),
        "copied" | "rollback" => Some("syncing"),
        "switch" => Some("switched"),
        _ => None,
    }
}

fn stages(events: &[Event], end: Timestamp) -> Vec<StageTime> {
    let begun: Vec<(&'static str, Timestamp)> = events
        .iter()
        .filter_map(|event| Some((stage_begun_by(event)?, event.at)))
        .collect();
    let ends = begun.iter().skip(1).map(|(_, at)| *at).chain([end]);
    begun
        .iter()
        .zip(ends)
        .map(|((stage, at), end)| StageTime {
            stage,
            seconds: end.duration_since(*at).as_secs_f64(),
        })
        .collect()
}

fn turns(events: &[Event]) -> Vec<TurnTime> {
    let turned = events.iter().filter(|event| event.what == "turned");
    turned
        .map(|event| TurnTime {
            primary: text(&event.details, "primary"),
            at: event.at,
            fence_ms: event
                .details
                .get("fence_ms")
                .and_then(Value::as_f64)
                .unwrap_or_default(),
        })
        .collect()
}

fn text(details: &Value, name: &str) -> String {
    let value = details.get(name).and_then(Value::as_str);
    value.unwrap_or_default().to_owned()
}

/// The counters of all servers, each taken from where it was heard of last.
fn requests(servers: &[Server]) -> BTreeMap<String, u64> {
    let mut latest: BTreeMap<&str, &Server> = BTreeMap::new();
    for server in servers {
        let known = latest.entry(&server.id).or_insert(server);
        if server.seconds_ago < known.seconds_ago {
            *known = server;
        }
    }
    let mut sums = BTreeMap::new();
    for server in latest.values() {
        let counts: Value = serde_json::from_str(&server.counts).unwrap_or_default();
        for (group, pairs) in counts.as_object().into_iter().flatten() {
            for pair in pairs.as_array().into_iter().flatten() {
                if let (Some(name), Some(count)) = (
                    pair.get(0).and_then(Value::as_str),
                    pair.get(1).and_then(Value::as_u64),
                ) {
                    *sums.entry(format!("{group}.{name}")).or_default() += count;
                }
            }
        }
    }
    sums
}

impl Report {
    /// The same for people.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let mut text = format!(
            "# Migration of {} to {}\n\nTold {:.0}.\n\n",
            self.old, self.new, self.at
        );
        let rows: u64 = self.tables.iter().map(|table| table.rows).sum();
        _ = writeln!(text, "{rows} rows of {} tables were moved.", self.tables.len());
        if let Some(at) = self.verified_at {
            _ = writeln!(
                text,
                "Every row was compared by {at:.0}: {} differed.",
                self.differences
            );
        }
        text.push_str("\n| table | rows |\n|---|---:|\n");
        for table in &self.tables {
            _ = writeln!(text, "| {} | {} |", table.table, table.rows);
        }
        text.push_str("\n## Stages\n\n| stage | seconds |\n|---|---:|\n");
        for stage in &self.stages {
            _ = writeln!(text, "| {} | {:.1} |", stage.stage, stage.seconds);
        }
        text.push_str(
            "\n## Changes of the primary\n\n| primary | at | writers waited, ms |\n|---|---|---:|\n",
        );
        for turn in &self.turns {
            _ = writeln!(
                text,
                "| {} | {:.0} | {:.1} |",
                turn.primary, turn.at, turn.fence_ms
            );
        }
        text.push_str("\n## Requests\n\n| what | number |\n|---|---:|\n");
        for (name, count) in &self.requests {
            _ = writeln!(text, "| {name} | {count} |");
        }
        text.push_str("\n## What was done\n\n| at | what | by | why |\n|---|---|---|---|\n");
        for event in &self.events {
            _ = writeln!(
                text,
                "| {:.0} | {} | {} | {} |",
                event.at,
                event.what,
                cell(&event.who),
                cell(&event.why)
            );
        }
        text
    }
}

/// What somebody wrote, in a table's cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}
