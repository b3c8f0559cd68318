//! Cuts tables into chunks, just ahead of those who copy them.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::catalog::Table;
use crate::databases::{Databases, Side};

use super::format::Format;
use super::ranges::{KeyOrder, KeyRange};
use super::record::{Chunk, PlanId, Record};
use super::room::empty;
use super::session::session;
use super::{BackfillError, BackfillOptions, Event};

/// A table that is to be copied, and what is known of it.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) table: Table,
    pub(super) order: KeyOrder,
    pub(super) format: Format,
    /// About how many rows it has; nothing where PostgreSQL never counted.
    pub(super) of_rows: Option<i64>,
    /// How many rows about fill a chunk.
    pub(super) rows_a_chunk: u64,
}

/// A table and how it is cut.
pub(super) struct TablePlan {
    pub(super) id: PlanId,
    pub(super) table: Table,
    pub(super) order: KeyOrder,
    pub(super) format: Format,
}

/// A chunk for whoever is free.
pub(super) struct Job {
    /// The table's place among those that are copied.
    pub(super) place: usize,
    pub(super) plan: Arc<TablePlan>,
    pub(super) chunk: Chunk,
}

/// Where a table was never counted, rows are taken to be this long.
const ROW_BYTES: u64 = 100;
/// To find so many keys in the index takes well under a second.
const MOST_ROWS: u64 = 500_000;

impl Source {
    /// What the primary says of a table.
    pub(super) async fn read(
        record: &Record,
        table: Table,
        options: &BackfillOptions,
    ) -> Result<Self, BackfillError> {
        let size = record
            .client()
            .query_one(include_str!("size.sql"), &[&table.oid])
            .await
            .map_err(BackfillError::copy(&table))?;
        let (of_rows, bytes): (Option<i64>, i64) = (size.get(0), size.get(1));
        let row_bytes = match of_rows {
            Some(rows @ 1..) => bytes.unsigned_abs() / rows.unsigned_abs(),
            _ => ROW_BYTES,
        };
        Ok(Self {
            order: KeyOrder::read(record.client(), &table).await?,
            format: Format::of(record.client(), &table).await?,
            of_rows,
            rows_a_chunk: (options.bytes_a_chunk() / row_bytes.max(1)).clamp(1, MOST_ROWS),
            table,
        })
    }
}

/// Plans all tables, one after the other, and tells of each how many chunks it has.
pub(super) async fn plan(
    databases: Databases,
    primary: Side,
    sources: Vec<Source>,
    jobs: mpsc::Sender<Job>,
    events: mpsc::Sender<Event>,
) -> Result<(), BackfillError> {
    let record = Record::new(session(&databases, primary).await?, primary);
    // The index has the keys in their order; what the planner believes of the table may be old.
    record
        .client()
        .batch_execute("set enable_sort to off; set enable_seqscan to off")
        .await
        .map_err(BackfillError::record(primary))?;
    for (place, source) in sources.into_iter().enumerate() {
        let id = open(&databases, primary, &record, &source).await?;
        let rows_a_chunk = source.rows_a_chunk;
        let plan = Arc::new(TablePlan {
            id,
            table: source.table,
            order: source.order,
            format: source.format,
        });
        let mut planner = TablePlanner {
            record: &record,
            plan,
            place,
            jobs: &jobs,
            events: &events,
        };
        let Some(chunks) = planner.run(rows_a_chunk).await? else {
            return Ok(());
        };
        let id = planner.plan.id.clone();
        if events.send(Event::Planned { place, id, chunks }).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// The table's plan: the one that was begun, or a new one, for which the secondary's table is emptied.
async fn open(
    databases: &Databases,
    primary: Side,
    record: &Record,
    source: &Source,
) -> Result<PlanId, BackfillError> {
    let oid = source.table.oid;
    if let Some(id) = record.plan(oid).await? {
        return Ok(id);
    }
    let mut secondary = session(databases, primary.other()).await?;
    empty(&mut secondary, primary.other(), &source.table).await?;
    let begun = record.begin_plan(oid, source.of_rows).await?;
    begun.ok_or_else(|| BackfillError::Superseded {
        table: source.table.quoted(),
    })
}

struct TablePlanner<'a> {
    record: &'a Record,
    plan: Arc<TablePlan>,
    place: usize,
    jobs: &'a mpsc::Sender<Job>,
    events: &'a mpsc::Sender<Event>,
}

impl TablePlanner<'_> {
    /// Hands out the chunks that are planned and not copied, and plans the rest; how many there are in all. Nothing
    /// if nobody wants them any more.
    async fn run(&mut self, rows_a_chunk: u64) -> Result<Option<usize>, BackfillError> {
        let planned = self.record.chunks(&self.plan.id).await?;
        let mut chunks = planned.len();
        let mut after = planned.last().map(|(chunk, _)| chunk.range.up_to.clone());
        for (chunk, rows) in planned {
            let is_wanted = match rows {
                Some(rows) => {
                    let place = self.place;
                    self.events.send(Event::Found { place, rows }).await.is_ok()
                }
                None => self.hand_out(chunk).await,
            };
            if !is_wanted {
                return Ok(None);
            }
        }
        // The last chunk is the one without an end.
        while after != Some(None) {
            let chunk = self.next(chunks, after.flatten(), rows_a_chunk).await?;
            after = Some(chunk.range.up_to.clone());
            self.record.add(&chunk).await?;
            chunks += 1;
            if !self.hand_out(chunk).await {
                return Ok(None);
            }
        }
        Ok(Some(chunks))
    }

    async fn next(
        &self,
        number: usize,
        after: Option<Vec<String>>,
        rows_a_chunk: u64,
    ) -> Result<Chunk, BackfillError> {
        let TablePlan { table, order, id, .. } = &*self.plan;
        let rest = KeyRange { after, up_to: None };
        let up_to = self
            .record
            .key(&order.key_at(table, &rest, rows_a_chunk))
            .await
            .map_err(BackfillError::copy(table))?;
        Ok(Chunk {
            plan: id.clone(),
            number: i32::try_from(number).unwrap_or(i32::MAX),
            range: KeyRange { up_to, ..rest },
        })
    }

    async fn hand_out(&self, chunk: Chunk) -> bool {
        let job = Job {
            place: self.place,
            plan: self.plan.clone(),
            chunk,
        };
        self.jobs.send(job).await.is_ok()
    }
}
