//! Copies one chunk: read on the primary in one moment, written on the secondary in one transaction together with
//! the record that it is there.

use std::io::Cursor;

use futures_util::{SinkExt as _, StreamExt as _, pin_mut};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, IsolationLevel, Transaction};

use crate::catalog::quote_identifier;
use crate::databases::{Databases, Side, Step};

use super::super::locks::table_lock;
use super::BackfillError;
use super::plan::{Job, TablePlan};
use super::record;
use super::room::make_room;
use super::session::session;
use super::throttle::Throttle;

/// Copies chunks, one after the other.
pub(super) struct Copier<'a> {
    databases: &'a Databases,
    primary: Side,
    throttle: &'a Throttle,
    on_primary: Client,
    on_secondary: Client,
}

/// Whether the rows on the secondary that have changed since are deleted before a chunk is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Room {
    AsItIs,
    Made,
}

/// So much is handed on at once: a row at a time would cost more than the row.
const PORTION_BYTES: usize = 64 * 1024;

impl<'a> Copier<'a> {
    /// With sessions of its own.
    pub(super) async fn new(
        databases: &'a Databases,
        primary: Side,
        throttle: &'a Throttle,
    ) -> Result<Self, BackfillError> {
        Ok(Self {
            databases,
            primary,
            throttle,
            on_primary: session(databases, primary).await?,
            on_secondary: session(databases, primary.other()).await?,
        })
    }

    /// Copies a chunk, unless it is there already; how many rows it has.
    ///
    /// A unique value may have passed from a row that was copied to one of this chunk: then the first of them has
    /// changed and waits in the journal, and makes room.
    pub(super) async fn copy(&mut self, job: &Job) -> Result<u64, BackfillError> {
        let rows = match self.write(job, Room::AsItIs).await {
            Err(BackfillError::Copy { source, .. }) if is_conflict(&source) => {
                self.write(job, Room::Made).await
            }
            outcome => outcome,
        }?;
        record::note_chunk(&self.on_primary, &job.chunk, rows)
            .await
            .map_err(BackfillError::record(self.primary))?;
        Ok(rows)
    }

    /// The lock comes first and the read after it, as in every mirror: so whoever writes a chunk last has read it
    /// last, and a copy that was taken for dead writes nothing once another has copied its chunk.
    async fn write(&mut self, job: &Job, room: Room) -> Result<u64, BackfillError> {
        let (table, chunk) = (&job.plan.table, &job.chunk);
        let broke = BackfillError::copy(table);
        let target = self.on_secondary.transaction().await.map_err(&broke)?;
        target
            .execute("select pg_advisory_xact_lock_shared($1)", &[&table_lock(table)])
            .await
            .map_err(&broke)?;
        record::lock(&target, chunk).await.map_err(&broke)?;
        if let Some(rows) = record::written(&target, chunk).await.map_err(&broke)? {
            return Ok(rows);
        }
        if !record::is_current(&self.on_primary, chunk)
            .await
            .map_err(&broke)?
        {
            return Err(BackfillError::Superseded {
                table: table.quoted(),
            });
        }
        let source = self
            .on_primary
            .build_transaction()
            .isolation_level(IsolationLevel::RepeatableRead)
            .read_only(true)
            .start()
            .await
            .map_err(&broke)?;
        if room == Room::Made {
            make_room(&source, &target, table, self.primary.other()).await?;
        }
        let rows = stream(&source, &target, job, self.databases, self.throttle)
            .await
            .map_err(&broke)?;
        record::write(&target, chunk, rows).await.map_err(&broke)?;
        target.commit().await.map_err(&broke)?;
        self.databases.step(Step::ChunkWritten).await;
        source.commit().await.map_err(&broke)?;
        Ok(rows)
    }
}

async fn stream(
    source: &Transaction<'_>,
    target: &Transaction<'_>,
    job: &Job,
    databases: &Databases,
    throttle: &Throttle,
) -> Result<u64, tokio_postgres::Error> {
    let TablePlan {
        table, order, format, ..
    } = &*job.plan;
    // The planner does not know how few rows a range has, and would read the whole table for each.
    let filter = order.filter(&job.chunk.range);
    if !filter.is_empty() {
        source.batch_execute("set local enable_seqscan to off").await?;
    }
    let columns: Vec<String> = table
        .written_columns()
        .map(|column| quote_identifier(&column.name))
        .collect();
    let (name, columns, format) = (table.quoted(), columns.join(", "), format.name());
    let read = format!("copy (select {columns} from {name} t{filter}) to stdout (format {format})");
    let write = format!("copy {name} ({columns}) from stdin (format {format})");
    let rows = source.copy_out(&read).await?;
    let sink = target.copy_in::<_, Cursor<Vec<u8>>>(&write).await?;
    pin_mut!(rows, sink);
    let mut portion = Vec::with_capacity(PORTION_BYTES);
    while let Some(row) = rows.next().await {
        portion.extend_from_slice(&row?);
        if portion.len() >= PORTION_BYTES {
            throttle.pay(portion.len()).await;
            let full = std::mem::replace(&mut portion, Vec::with_capacity(PORTION_BYTES));
            sink.feed(Cursor::new(full)).await?;
        }
    }
    sink.feed(Cursor::new(portion)).await?;
    databases.step(Step::ChunkRead).await;
    sink.finish().await
}

/// True where another row holds what a row of the chunk needs.
fn is_conflict(error: &tokio_postgres::Error) -> bool {
    [&SqlState::UNIQUE_VIOLATION, &SqlState::EXCLUSION_VIOLATION]
        .into_iter()
        .any(|state| error.code() == Some(state))
}
