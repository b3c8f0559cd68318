//! What a verification found.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::catalog::quote_identifier;
use crate::databases::Side;

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The database that was taken for right.
    pub primary: Side,
    /// When it began, by the primary's clock.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Timestamp,
    /// True when every table was compared to its end and found equal.
    pub clean: bool,
    /// Each table, in the order they were compared.
    pub tables: Vec<TableReport>,
}

/// One table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableReport {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub table: String,
    /// Its key's columns, in the key's order.
    pub key_columns: Vec<String>,
    /// Rows of the primary that were compared.
    pub rows: u64,
    /// Rows that the secondary had in their place.
    pub secondary_rows: u64,
    /// Rows that the secondary lacks.
    pub missing: u64,
    /// Rows that only the secondary has.
    pub extra: u64,
    /// Rows that are on both sides and not equal.
    pub different: u64,
    /// Rows that differ and have changes in the journal that were not mirrored in time: neither equal nor wrong.
    pub pending: u64,
    /// How long it took, rests left out.
    pub seconds: f64,
    /// Rows a second in that time.
    pub rows_per_second: f64,
    /// Each row that is missing, extra or different.
    pub differences: Vec<Difference>,
    /// Why it was not compared, or not to its end.
    pub unfinished: Option<String>,
}

/// A row that is not the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The table's schema.
    pub schema: String,
    /// The table's name.
    pub table: String,
    /// The key's values as text, in the key's order.
    pub key: Vec<String>,
    /// What is wrong with it.
    #[serde(flatten)]
    pub kind: DifferenceKind,
}

/// How a row differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum DifferenceKind {
    /// The secondary lacks it.
    Missing,
    /// Only the secondary has it.
    Extra,
    /// Both have it, with other values.
    Different {
        /// In these columns.
        columns: Vec<String>,
    },
}

impl Report {
    /// All differences of all tables.
    pub fn differences(&self) -> impl Iterator<Item = &Difference> {
        self.tables.iter().flat_map(|table| &table.differences)
    }
}

impl TableReport {
    /// A table of which nothing has been compared yet.
    pub(super) fn new(schema: &str, table: &str, key_columns: Vec<String>) -> Self {
        Self {
            schema: schema.to_owned(),
            table: table.to_owned(),
            key_columns,
            rows: 0,
            secondary_rows: 0,
            missing: 0,
            extra: 0,
            different: 0,
            pending: 0,
            seconds: 0.0,
            rows_per_second: 0.0,
            differences: Vec::new(),
            unfinished: None,
        }
    }

    /// Adds the time that comparing so many rows took.
    pub(super) fn add_time(&mut self, seconds: f64) {
        self.seconds += seconds;
        self.rows_per_second = per(self.rows, self.seconds);
    }

    /// Adds a difference, unless its row has been added before under another text of its key.
    pub(super) fn add(&mut self, difference: Difference) {
        if self.differences.contains(&difference) {
            return;
        }
        match difference.kind {
            DifferenceKind::Missing => self.missing += 1,
            DifferenceKind::Extra => self.extra += 1,
            DifferenceKind::Different { .. } => self.different += 1,
        }
        self.differences.push(difference);
    }

    /// True when it was compared to its end and found equal.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.unfinished.is_none() && self.differences.is_empty() && self.pending == 0
    }

    /// One difference as a person reads it: `different  id = 7: name, email`.
    fn line(&self, difference: &Difference) -> String {
        let named = self.key_columns.iter().zip(&difference.key);
        let key: Vec<String> = named
            .map(|(name, value)| format!("{} = {value}", quote_where_needed(name)))
            .collect();
        let key = key.join(", ");
        match &difference.kind {
            DifferenceKind::Missing => format!("missing    {key}"),
            DifferenceKind::Extra => format!("extra      {key}"),
            DifferenceKind::Different { columns } => {
                let columns: Vec<String> = columns.iter().map(|name| quote_where_needed(name)).collect();
                format!("different  {key}: {}", columns.join(", "))
            }
        }
    }
}

/// Rows by seconds, or by rows a second; 0 by nothing.
#[expect(clippy::cast_precision_loss, reason = "a rate needs no more than 53 bits")]
pub(super) fn per(rows: u64, unit: f64) -> f64 {
    if unit > 0.0 { rows as f64 / unit } else { 0.0 }
}

/// The rows of one table that the text shows; the rest are counted.
const ROWS_SHOWN: usize = 20;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for table in &self.tables {
            write!(f, "{table}")?;
        }
        let rows: u64 = self.tables.iter().map(|table| table.rows).sum();
        let seconds: f64 = self.tables.iter().map(|table| table.seconds).sum();
        let differences = self.differences().count();
        let pending: u64 = self.tables.iter().map(|table| table.pending).sum();
        let unfinished = self.tables.iter().filter(|table| table.unfinished.is_some());
        let verdict = if self.clean {
            "equal".to_owned()
        } else {
            let unfinished = unfinished.count();
            format!(
                "{differences} rows differ, {pending} are pending, {unfinished} tables were not compared to their end"
            )
        };
        writeln!(
            f,
            "{} and {}: {verdict} ({} rows of {} tables in {seconds:.1} s, finished at {:.0})",
            self.primary,
            self.primary.other(),
            grouped(rows),
            self.tables.len(),
            self.finished_at
        )
    }
}

impl fmt::Display for TableReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = format!(
            "{}.{}",
            quote_where_needed(&self.schema),
            quote_where_needed(&self.table)
        );
        let mut findings: Vec<String> = [
            (self.missing, "missing"),
            (self.extra, "extra"),
            (self.different, "different"),
            (self.pending, "pending"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", grouped(count)))
        .collect();
        findings.extend(self.unfinished.clone());
        if findings.is_empty() {
            findings.push("equal".to_owned());
        }
        writeln!(
            f,
            "{name:<32} {:>14} rows {:>8.1} s {:>12.0} rows/s  {}",
            grouped(self.rows),
            self.seconds,
            self.rows_per_second,
            findings.join(", ")
        )?;
        for difference in self.differences.iter().take(ROWS_SHOWN) {
            writeln!(f, "    {}", self.line(difference))?;
        }
        match self.differences.len().saturating_sub(ROWS_SHOWN) {
            0 => Ok(()),
            more => writeln!(f, "    and {} more", grouped(more as u64)),
        }
    }
}

/// A name as a person would write it in SQL: quoted only where SQL would read it otherwise.
fn quote_where_needed(name: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !name.is_empty() && name.chars().all(plain) && !name.starts_with(|c: char| c.is_ascii_digit()) {
        name.to_owned()
    } else {
        quote_identifier(name)
    }
}

/// `1000000` as `1,000,000`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_reads_which_rows_differ_and_where() {
        let mut orders = TableReport::new("public", "orders", vec!["id".to_owned(), "Line".to_owned()]);
        let row = |kind| Difference {
            schema: "public".to_owned(),
            table: "orders".to_owned(),
            key: vec!["7".to_owned(), "a b".to_owned()],
            kind,
        };
        let columns = vec!["note".to_owned()];
        orders.add(row(DifferenceKind::Different { columns }));
        orders.add(row(DifferenceKind::Missing));
        orders.add(row(DifferenceKind::Missing));
        orders.rows = 1_234_567;
        orders.add_time(2.0);
        let text = orders.to_string();
        assert!(text.contains("1,234,567 rows"), "{text}");
        assert!(text.contains("617284 rows/s  1 missing, 1 different\n"), "{text}");
        assert!(
            text.contains("    different  id = 7, \"Line\" = a b: note\n"),
            "{text}"
        );
    }

    #[test]
    fn a_table_that_was_not_compared_is_not_clean() {
        let mut table = TableReport::new("public", "logs", Vec::new());
        assert!(table.is_clean());
        table.pending = 1;
        assert!(!table.is_clean());
        table.pending = 0;
        table.unfinished = Some("it has no primary key".to_owned());
        assert!(!table.is_clean());
    }
}
