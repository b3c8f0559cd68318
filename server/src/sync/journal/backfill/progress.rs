//! How far a copy has come: for whoever runs it, and, from the primary's record, for everybody else.

use std::time::Duration;

use serde::Serialize;

use crate::databases::{DatabaseError, Databases, Side, Statement};

/// How far a running copy has come, told after each chunk and whenever it begins or ends to rest.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct CopyProgress {
    /// The table of the last chunk, as `schema.table`.
    pub table: String,
    /// Tables that are copied, of those there were to copy.
    pub tables: usize,
    /// Tables in all.
    pub of_tables: usize,
    /// Rows copied, those of earlier runs included.
    pub rows: u64,
    /// Rows in all, as PostgreSQL estimates them.
    pub of_rows: u64,
    /// Time since this run began, in seconds.
    pub seconds: f64,
    /// Rows copied in that time.
    pub rows_since: u64,
    /// Why the copy rests, if it does.
    pub resting: Option<String>,
}

impl CopyProgress {
    /// Rows a second, rests included.
    #[must_use]
    pub fn rows_per_second(&self) -> f64 {
        rate(self.rows_since, self.seconds)
    }

    /// How long the rest will take at this rate; nothing where the estimate of rows was too low to say.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        remaining(self.rows, self.of_rows, self.rows_per_second())
    }
}

/// How far the copy has come, whoever runs it, as the primary's record has it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct CopyStatus {
    /// Every captured table.
    pub tables: Vec<CopyOfTable>,
    /// Rows copied.
    pub rows: u64,
    /// Rows in all, as PostgreSQL estimates them.
    pub of_rows: u64,
    /// Rows a second, lately; 0 where nothing was copied lately.
    pub rows_per_second: f64,
    /// How long the rest will take at this rate, in seconds, where that can be told.
    pub remaining_seconds: Option<f64>,
}

/// How far the copy of one table has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CopyOfTable {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub table: String,
    /// Rows copied.
    pub rows: u64,
    /// Rows in all, as PostgreSQL estimated them when the copy began.
    pub of_rows: u64,
    /// True once all are copied.
    pub copied: bool,
}

/// What is lately, in seconds.
const LATELY: &str = "60";

/// How far the copy has come, as the primary's record has it.
pub async fn copy_status(databases: &Databases, primary: Side) -> Result<CopyStatus, DatabaseError> {
    use diesel::sql_types::{BigInt, Bool, Double, Text};
    let mut connection = databases.mirror_session(primary).await?;
    let tables = Statement::new(include_str!("status.sql"))
        .rows::<(Text, Text, BigInt, BigInt, Bool), (String, String, i64, i64, bool)>(&mut connection)
        .await
        .map_err(DatabaseError::statement(primary))?;
    let tables: Vec<CopyOfTable> = tables
        .into_iter()
        .map(|(schema, table, rows, of_rows, copied)| CopyOfTable {
            schema,
            table,
            rows: rows.unsigned_abs(),
            of_rows: of_rows.unsigned_abs(),
            copied,
        })
        .collect();
    let lately = Statement::new(format!(
        "select coalesce(sum(c.rows), 0)::bigint, \
         coalesce(extract(epoch from clock_timestamp() - min(c.copied_at)), 0)::float8 \
         from crossfade.chunks c where c.copied_at > clock_timestamp() - interval '{LATELY} s'"
    ));
    let lately = lately
        .rows::<(BigInt, Double), (i64, f64)>(&mut connection)
        .await
        .map_err(DatabaseError::statement(primary))?;
    let (rows_lately, seconds) = lately.into_iter().next().unwrap_or_default();
    let rows = tables.iter().map(|table| table.rows).sum();
    let of_rows = tables.iter().map(|table| table.of_rows).sum();
    let rows_per_second = rate(rows_lately.unsigned_abs(), seconds.max(1.0));
    let remaining = if tables.iter().all(|table| table.copied) {
        None
    } else {
        remaining(rows, of_rows, rows_per_second)
    };
    Ok(CopyStatus {
        tables,
        rows,
        of_rows,
        rows_per_second,
        remaining_seconds: remaining.map(|remaining| remaining.as_secs_f64()),
    })
}

/// Rows by seconds; 0 by nothing.
#[expect(clippy::cast_precision_loss, reason = "a rate needs no more than 53 bits")]
fn rate(rows: u64, seconds: f64) -> f64 {
    if seconds > 0.0 { rows as f64 / seconds } else { 0.0 }
}

fn remaining(rows: u64, of_rows: u64, rows_per_second: f64) -> Option<Duration> {
    let left = of_rows.checked_sub(rows)?;
    (rows_per_second > 0.0).then(|| Duration::try_from_secs_f64(rate(left, rows_per_second)).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_remains_is_told_where_it_can_be() {
        let mut progress = CopyProgress {
            rows: 4_000_000,
            of_rows: 10_000_000,
            seconds: 10.0,
            rows_since: 3_000_000,
            ..CopyProgress::default()
        };
        assert_eq!(progress.remaining(), Some(Duration::from_secs(20)));
        progress.of_rows = 0;
        assert_eq!(progress.remaining(), None, "the estimate was too low");
        progress = CopyProgress::default();
        assert_eq!(progress.remaining(), None, "nothing was copied yet");
    }
}
