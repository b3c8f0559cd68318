//! A verification from its first table to its last.

use std::time::{Duration, Instant};

use diesel::sql_types::BigInt;

use crate::catalog::{Table, read_table, read_table_names};
use crate::databases::{DatabaseError, Databases, Side, Statement};

use super::options::Beginning;
use super::range::rest_after;
use super::record::{Record, Stored};
use super::report::Report;
use super::table::{Left, Partial, TableRun, obstacle};
use super::{Progress, VerifyError, VerifyOptions};

/// Compares the secondary with the primary, table by table, and tells `progress` after each range. Writers go on
/// meanwhile. An error leaves the record as it was last kept, to go on from there.
pub async fn verify(
    databases: &Databases,
    primary: Side,
    options: &VerifyOptions,
    progress: impl FnMut(&Progress) + Send,
) -> Result<Report, VerifyError> {
    let tables = read_tables(databases, primary, options).await?;
    let (record, stored) = open_record(databases, primary, options).await?;
    let rows_before = stored.rows();
    let mut run = Run {
        databases,
        primary,
        options,
        record,
        stored,
        of_tables: tables.len(),
        of_rows: tables.iter().map(|(_, rows)| rows).sum(),
        started: Instant::now(),
        rows_before,
        saved: None,
        progress,
    };
    for (table, _) in &tables {
        run.table(table).await?;
    }
    run.record.finish(run.stored.tables).await
}

struct Run<'a, F> {
    databases: &'a Databases,
    primary: Side,
    options: &'a VerifyOptions,
    record: Record,
    stored: Stored,
    of_tables: usize,
    of_rows: u64,
    started: Instant,
    rows_before: u64,
    saved: Option<Saved>,
    progress: F,
}

/// When the record was last written, and how long that took.
struct Saved {
    at: Instant,
    took: Duration,
}

/// Writing the record may take this part of the time: with very many tables it is large.
const PART_FOR_SAVING: u32 = 20;

impl<F: FnMut(&Progress) + Send> Run<'_, F> {
    async fn table(&mut self, table: &Table) -> Result<(), VerifyError> {
        let done = |report: &super::TableReport| report.schema == table.schema && report.table == table.name;
        if self.stored.tables.iter().any(done) {
            return Ok(());
        }
        let partial = match self.stored.current.take() {
            Some(partial) if done(&partial.report) => partial,
            _ => Partial::new(table),
        };
        if let Some(obstacle) = obstacle(self.databases, self.primary, table).await? {
            let mut report = partial.report;
            report.unfinished = Some(obstacle);
            self.stored.tables.push(report);
            return Ok(());
        }
        let mut run = TableRun::new(self.databases, self.primary, table, self.options, partial).await?;
        loop {
            let started = Instant::now();
            let left = run.compare_range().await?;
            self.stored.current = Some(run.partial.clone());
            self.tell(table);
            if left == Left::Nothing {
                break;
            }
            self.save_if_due().await?;
            let rest = rest_after(started.elapsed(), self.options.busy_percent);
            if !rest.is_zero() {
                tokio::time::sleep(rest).await;
            }
        }
        self.stored.current = None;
        self.stored.tables.push(run.settle().await?);
        Ok(())
    }

    fn tell(&mut self, table: &Table) {
        let rows = self.stored.rows();
        let progress = Progress {
            table: table.to_string(),
            tables: self.stored.tables.len(),
            of_tables: self.of_tables,
            rows,
            of_rows: self.of_rows,
            differences: self.stored.differences(),
            seconds: self.started.elapsed().as_secs_f64(),
            rows_since: rows.saturating_sub(self.rows_before),
        };
        (self.progress)(&progress);
    }

    async fn save_if_due(&mut self) -> Result<(), VerifyError> {
        if self
            .saved
            .as_ref()
            .is_some_and(|saved| saved.at.elapsed() < saved.took * PART_FOR_SAVING)
        {
            return Ok(());
        }
        let started = Instant::now();
        self.record.save(&self.stored).await?;
        self.saved = Some(Saved {
            at: Instant::now(),
            took: started.elapsed(),
        });
        Ok(())
    }
}

impl Stored {
    fn reports(&self) -> impl Iterator<Item = &super::TableReport> {
        self.tables
            .iter()
            .chain(self.current.iter().map(|partial| &partial.report))
    }

    fn rows(&self) -> u64 {
        self.reports().map(|report| report.rows).sum()
    }

    fn differences(&self) -> u64 {
        self.reports().map(|report| report.differences.len() as u64).sum()
    }
}

/// The tables to compare, as the primary describes them now, and how many rows each may have.
async fn read_tables(
    databases: &Databases,
    primary: Side,
    options: &VerifyOptions,
) -> Result<Vec<(Table, u64)>, VerifyError> {
    let mut connection = databases.mirror_session(primary).await?;
    let names = if options.tables.is_empty() {
        read_table_names(&mut connection, primary).await?
    } else {
        options.tables.clone()
    };
    let mut tables = Vec::with_capacity(names.len());
    for (schema, name) in names {
        let table = read_table(&mut connection, primary, &schema, &name).await?;
        let rows = Statement::new(include_str!("estimate.sql"))
            .integer(i64::from(table.oid))
            .rows::<BigInt, i64>(&mut connection)
            .await
            .map_err(DatabaseError::statement(primary))?;
        let rows = rows.into_iter().next().unwrap_or_default();
        tables.push((table, u64::try_from(rows).unwrap_or_default()));
    }
    Ok(tables)
}

async fn open_record(
    databases: &Databases,
    primary: Side,
    options: &VerifyOptions,
) -> Result<(Record, Stored), VerifyError> {
    let whole = options.tables.is_empty();
    if options.beginning == Beginning::WhereTheLastBrokeOff
        && let Some(resumed) = Record::resume(databases, primary, whole).await?
    {
        return Ok(resumed);
    }
    let record = Record::begin(databases, primary, whole).await?;
    Ok((record, Stored::default()))
}
