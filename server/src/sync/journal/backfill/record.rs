//! What a copy keeps in both databases, so that whoever comes after a kill goes on where it was.

use std::time::Duration;

use tokio_postgres::{Client, Transaction};

use crate::databases::Side;

use super::BackfillError;
use super::ranges::{Key, KeyRange};

/// Names the cutting of one table into chunks.
pub(super) type PlanId = String;

/// A range of a table's keys that is copied in one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) plan: PlanId,
    pub(super) number: i32,
    pub(super) range: KeyRange,
}

/// The primary's records, over a session of their own.
pub(super) struct Record {
    client: Client,
    primary: Side,
}

/// A process that was killed a moment ago may still seem to be there.
const PREDECESSOR: Duration = Duration::from_secs(15);
const LOOK_AGAIN: Duration = Duration::from_millis(100);

impl Record {
    pub(super) fn new(client: Client, primary: Side) -> Self {
        Self { client, primary }
    }

    /// Makes sure that nobody else copies, for as long as this session lasts. Two copies at once would do each other
    /// no harm, but the work twice.
    pub(super) async fn only_one(&self) -> Result<(), BackfillError> {
        let sql = "select pg_try_advisory_lock(hashtextextended('crossfade backfill', 0))";
        let waiting = async {
            while !self.client.query_one(sql, &[]).await?.get::<_, bool>(0) {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            Ok(())
        };
        match tokio::time::timeout(PREDECESSOR, waiting).await {
            Ok(locked) => locked.map_err(BackfillError::record(self.primary)),
            Err(_) => Err(BackfillError::Running {
                primary: self.primary,
            }),
        }
    }

    /// The tables that are captured and not copied, by their oids. One that was dropped has no rows to wait for.
    pub(super) async fn uncopied(&self) -> Result<Vec<u32>, BackfillError> {
        let sql = "with gone as (update crossfade.captured t set copied_at = clock_timestamp() \
                   where t.copied_at is null and not exists (select from pg_class c where c.oid = t.relation)) \
                   select t.relation from crossfade.captured t join pg_class c on c.oid = t.relation \
                   where t.copied_at is null";
        let rows = self
            .client
            .query(sql, &[])
            .await
            .map_err(BackfillError::record(self.primary))?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// The plan of a table that is not copied yet, if one was begun.
    pub(super) async fn plan(&self, table: u32) -> Result<Option<PlanId>, BackfillError> {
        let row = self
            .client
            .query_opt(
                "select plan::text from crossfade.captured where relation = $1",
                &[&table],
            )
            .await
            .map_err(BackfillError::record(self.primary))?;
        Ok(row.and_then(|row| row.get(0)))
    }

    /// Begins a plan for a table of about so many rows; nothing where another was begun meanwhile.
    pub(super) async fn begin_plan(
        &self,
        table: u32,
        of_rows: Option<i64>,
    ) -> Result<Option<PlanId>, BackfillError> {
        let row = self
            .client
            .query_opt(
                "update crossfade.captured set plan = gen_random_uuid(), of_rows = $2 \
                 where relation = $1 and plan is null and copied_at is null returning plan::text",
                &[&table, &of_rows],
            )
            .await
            .map_err(BackfillError::record(self.primary))?;
        Ok(row.map(|row| row.get(0)))
    }

    /// The chunks of a plan so far, each with its rows if it is known to be copied, in their order.
    pub(super) async fn chunks(&self, plan: &PlanId) -> Result<Vec<(Chunk, Option<u64>)>, BackfillError> {
        let rows = self
            .client
            .query(
                "select number, after_key, up_to_key, rows from crossfade.chunks where plan = $1::text::uuid order by number",
                &[plan],
            )
            .await
            .map_err(BackfillError::record(self.primary))?;
        let chunk = |row: &tokio_postgres::Row| {
            let range = KeyRange {
                after: row.get(1),
                up_to: row.get(2),
            };
            let rows: Option<i64> = row.get(3);
            let chunk = Chunk {
                plan: plan.clone(),
                number: row.get(0),
                range,
            };
            (chunk, rows.map(i64::unsigned_abs))
        };
        Ok(rows.iter().map(chunk).collect())
    }

    /// Adds a chunk to its plan.
    pub(super) async fn add(&self, chunk: &Chunk) -> Result<(), BackfillError> {
        let sql = "insert into crossfade.chunks (plan, number, after_key, up_to_key) \
                   values ($1::text::uuid, $2, $3, $4)";
        let KeyRange { after, up_to } = &chunk.range;
        self.client
            .execute(sql, &[&chunk.plan, &chunk.number, after, up_to])
            .await
            .map_err(BackfillError::record(self.primary))?;
        Ok(())
    }

    /// Notes a table as copied, unless a chunk of it is not. From then on its entries are mirrored and dropped.
    pub(super) async fn note_table(&self, plan: &PlanId) -> Result<bool, BackfillError> {
        let sql = "update crossfade.captured set copied_at = clock_timestamp() \
                   where plan = $1::text::uuid and copied_at is null and not exists \
                   (select from crossfade.chunks c where c.plan = $1::text::uuid and c.copied_at is null)";
        let noted = self
            .client
            .execute(sql, &[plan])
            .await
            .map_err(BackfillError::record(self.primary))?;
        Ok(noted > 0)
    }

    /// The key at which a statement of [`super::ranges::KeyOrder::key_at`] arrives.
    pub(super) async fn key(&self, sql: &str) -> Result<Option<Key>, tokio_postgres::Error> {
        Ok(self.client.query_opt(sql, &[]).await?.map(|row| row.get(0)))
    }

    /// The session, for reading the catalog.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }
}

/// True while this is the plan by which its table is copied.
pub(super) async fn is_current(primary: &Client, chunk: &Chunk) -> Result<bool, tokio_postgres::Error> {
    let sql =
        "select exists (select from crossfade.captured where plan = $1::text::uuid and copied_at is null)";
    Ok(primary.query_one(sql, &[&chunk.plan]).await?.get(0))
}

/// Notes a chunk as copied on the primary.
pub(super) async fn note_chunk(
    primary: &Client,
    chunk: &Chunk,
    rows: u64,
) -> Result<(), tokio_postgres::Error> {
    let sql = "update crossfade.chunks set rows = $3, copied_at = clock_timestamp() \
               where plan = $1::text::uuid and number = $2 and copied_at is null";
    let rows = i64::try_from(rows).unwrap_or(i64::MAX);
    primary.execute(sql, &[&chunk.plan, &chunk.number, &rows]).await?;
    Ok(())
}

/// Makes room for the secondary's record.
pub(super) async fn prepare_secondary(secondary: &Client) -> Result<(), tokio_postgres::Error> {
    // Asked first, since `create schema if not exists` wants a right that its owner need not have.
    let sql = "select to_regclass('crossfade.copied_chunks') is not null";
    if secondary.query_one(sql, &[]).await?.get(0) {
        return Ok(());
    }
    secondary.batch_execute(include_str!("secondary.sql")).await
}

/// Takes the lock of a chunk for the length of a transaction of the secondary. Whoever holds it reads the primary
/// afterwards; so a copy that was taken for dead cannot write what it read before another did.
pub(super) async fn lock(secondary: &Transaction<'_>, chunk: &Chunk) -> Result<(), tokio_postgres::Error> {
    let sql = "select pg_advisory_xact_lock(hashtextextended(concat('crossfade chunk ', $1::text, ' ', $2::int), 0))";
    secondary.execute(sql, &[&chunk.plan, &chunk.number]).await?;
    Ok(())
}

/// How many rows of a chunk the secondary has, if it has it.
pub(super) async fn written(
    secondary: &Transaction<'_>,
    chunk: &Chunk,
) -> Result<Option<u64>, tokio_postgres::Error> {
    let sql = "select rows from crossfade.copied_chunks where plan = $1::text::uuid and number = $2";
    let row = secondary.query_opt(sql, &[&chunk.plan, &chunk.number]).await?;
    Ok(row.map(|row| row.get::<_, i64>(0).unsigned_abs()))
}

/// Records a chunk on the secondary, in the transaction that wrote its rows.
pub(super) async fn write(
    secondary: &Transaction<'_>,
    chunk: &Chunk,
    rows: u64,
) -> Result<(), tokio_postgres::Error> {
    let sql = "insert into crossfade.copied_chunks (plan, number, rows) values ($1::text::uuid, $2, $3)";
    let rows = i64::try_from(rows).unwrap_or(i64::MAX);
    secondary
        .execute(sql, &[&chunk.plan, &chunk.number, &rows])
        .await?;
    Ok(())
}
