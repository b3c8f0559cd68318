//! What came of the rows: a table by file, the reasons of what lies outside, and what is wrong.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use crate::rows::Suite;

/// What came of a row.
pub(crate) enum Outcome {
    /// Answered as it should be.
    Passed,
    /// An error by CEL, and refused as that error before it runs.
    RefusedAsError(Reason),
    /// Refused by name: a part of CEL that conditions leave out.
    Outside(Reason),
    /// Answered differently, or refused as what it is not.
    Failed(String),
}

/// A diagnostic of ours.
pub(crate) struct Reason {
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.message)
    }
}

impl Reason {
    /// The message without the names of one row: they stand in backquotes, but for the parts of CEL that are left out.
    fn kind(&self) -> String {
        if self.code == "CF022" {
            return self.to_string();
        }
        let parts = self.message.split('`').enumerate();
        let kept = parts.map(|(position, part)| if position % 2 == 1 { "`…`" } else { part });
        format!("{} {}", self.code, kept.collect::<String>())
    }
}

/// How many rows came to what.
#[derive(Default)]
pub(crate) struct Counts {
    rows: usize,
    passed: usize,
    refused: usize,
    outside: usize,
    pub(crate) failed: usize,
}

impl Counts {
    fn count(&mut self, outcome: &Outcome) {
        self.rows += 1;
        *match outcome {
            Outcome::Passed => &mut self.passed,
            Outcome::RefusedAsError(_) => &mut self.refused,
            Outcome::Outside(_) => &mut self.outside,
            Outcome::Failed(_) => &mut self.failed,
        } += 1;
    }

    fn line(&self, name: &str) -> String {
        let Counts {
            rows,
            passed,
            refused,
            outside,
            failed,
        } = self;
        format!("{name:<18}{rows:>6}{passed:>8}{refused:>9}{outside:>9}{failed:>8}\n")
    }

    /// The figures.
    pub(crate) fn summary(&self) -> String {
        format!(
            "{} passed ({} of them refused as the errors they are), {} failed, {} outside the subset, of {} rows",
            self.passed + self.refused,
            self.refused,
            self.failed,
            self.outside,
            self.rows
        )
    }
}

/// All rows.
pub(crate) fn counts(outcomes: &[Outcome]) -> Counts {
    let mut counts = Counts::default();
    for outcome in outcomes {
        counts.count(outcome);
    }
    counts
}

/// For the terminal: the table, the count of each reason, the failures.
pub(crate) fn summary(suite: &Suite, outcomes: &[Outcome]) -> String {
    let mut text = format!("{}\n\n", suite.source);
    let _ = writeln!(
        text,
        "{:<18}{:>6}{:>8}{:>9}{:>9}{:>8}",
        "file", "rows", "passed", "refused", "outside", "failed"
    );
    let mut files: Vec<(&str, Counts)> = Vec::new();
    for (row, outcome) in suite.rows.iter().zip(outcomes) {
        if files.last().is_none_or(|(file, _)| *file != row.file) {
            files.push((&row.file, Counts::default()));
        }
        if let Some((_, counts)) = files.last_mut() {
            counts.count(outcome);
        }
    }
    for (file, counts) in &files {
        text.push_str(&counts.line(file));
    }
    text.push_str("\nrefused: an error by CEL, and refused as that error before it runs\noutside the subset, by reason:\n");
    for (kind, rows) in sorted(suite, outcomes) {
        let _ = writeln!(text, "{:>6}  {kind}", rows.len());
    }
    for (row, outcome) in suite.rows.iter().zip(outcomes) {
        if let Outcome::Failed(why) = outcome {
            let _ = writeln!(text, "\nfailed: {}\n  {}\n  {why}", row.name(), row.expression());
        }
    }
    text
}

/// For a file: every row that was not run, under its reason.
pub(crate) fn listing(suite: &Suite, outcomes: &[Outcome]) -> String {
    let mut text = format!("{}\n", suite.source);
    for (kind, rows) in sorted(suite, outcomes) {
        let _ = writeln!(text, "\n{kind}: {} outside", rows.len());
        text.extend(rows);
    }
    text.push_str("\nrefused as the errors they are\n");
    for (row, outcome) in suite.rows.iter().zip(outcomes) {
        if let Outcome::RefusedAsError(reason) = outcome {
            let _ = writeln!(text, "  {}: {:?}: {reason}", row.name(), row.expression());
        }
    }
    text
}

/// The rows outside by the kind of their reason, the most frequent first.
fn sorted(suite: &Suite, outcomes: &[Outcome]) -> Vec<(String, Vec<String>)> {
    let mut kinds: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (row, outcome) in suite.rows.iter().zip(outcomes) {
        if let Outcome::Outside(reason) = outcome {
            let line = format!("  {}: {:?}: {reason}\n", row.name(), row.expression());
            kinds.entry(reason.kind()).or_default().push(line);
        }
    }
    let mut kinds: Vec<_> = kinds.into_iter().collect();
    kinds.sort_by_key(|(_, rows)| std::cmp::Reverse(rows.len()));
    kinds
}
