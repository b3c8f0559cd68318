//! What a demo saw: every request, and at the end every row.

use serde::Serialize;

use super::compare::TableComparison;
use super::terminal::{Terminal, grouped};
use super::traffic::Tally;

/// The whole of it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Report {
    /// Both databases, table by table.
    pub(super) tables: Vec<TableComparison>,
    /// All requests of the shop's customers.
    pub(super) requests: Tally,
    /// Changes that were still to be mirrored when the wait for them ended.
    pub(super) left_in_journal: u64,
    /// From each edit of the rules to the first decision by them.
    pub(super) rules_took_effect_ms: Vec<u64>,
    /// From new's return to an empty journal.
    pub(super) caught_up_ms: Option<u64>,
    /// How long writers waited at each change of the primary.
    pub(super) fences_ms: Vec<u64>,
    /// Old was retired.
    pub(super) completed: bool,
}

impl Report {
    /// Nothing failed, nothing went back in time, nothing differs.
    pub(super) fn is_good(&self) -> bool {
        self.requests.failed == 0
            && self.requests.back_in_time == 0
            && self.left_in_journal == 0
            && self.differing() == 0
    }

    /// Says it for people.
    pub(super) fn show(&self, terminal: &Terminal) {
        if self.tables.is_empty() {
            terminal.heading("Every request");
        } else {
            terminal.heading("Every row of both databases");
            terminal.say(&format!(
                "{:<16}{:>12}{:>12}{:>12}{:>12}",
                "table", "old", "new", "equal", "differing"
            ));
        }
        for table in &self.tables {
            let [old, new, equal, differing] =
                [table.old_rows, table.new_rows, table.equal, table.differing].map(grouped);
            terminal.say(&format!(
                "{:<16}{old:>12}{new:>12}{equal:>12}{differing:>12}",
                table.table
            ));
        }
        terminal.say("");
        let Tally {
            requests,
            failed,
            back_in_time,
            slowest_ms,
            failures,
            ..
        } = &self.requests;
        let mark = |good: bool, text: String| {
            if good {
                terminal.good(&text);
            } else {
                terminal.bad(&text);
            }
        };
        if !self.tables.is_empty() {
            mark(
                self.differing() == 0,
                format!(
                    "{} rows equal, {} differing",
                    grouped(self.equal()),
                    grouped(self.differing())
                ),
            );
        }
        mark(
            self.left_in_journal == 0,
            format!("{} changes left in the journal", grouped(self.left_in_journal)),
        );
        mark(
            *failed == 0,
            format!(
                "{} requests, {} failed, the slowest took {slowest_ms} ms",
                grouped(*requests),
                grouped(*failed)
            ),
        );
        mark(
            *back_in_time == 0,
            format!("{} reads went back in time", grouped(*back_in_time)),
        );
        for failure in failures {
            terminal.say(&format!("  {failure}"));
        }
    }

    fn equal(&self) -> u64 {
        self.tables.iter().map(|table| table.equal).sum()
    }

    fn differing(&self) -> u64 {
        self.tables.iter().map(|table| table.differing).sum()
    }
}
