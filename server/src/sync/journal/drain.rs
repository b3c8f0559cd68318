//! How much is still to be mirrored.

use std::time::{Duration, Instant};

use diesel::sql_types::{BigInt, Double, Nullable};
use diesel_async::AsyncPgConnection;
use serde::Serialize;

use crate::catalog::Catalog;
use crate::databases::{DatabaseError, Databases, Side, Statement};
use crate::sync::Position;

use super::workers::{Workers, WorkersOptions};

/// What waits in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Pending {
    /// Entries not yet mirrored.
    pub entries: i64,
    /// How long ago the oldest of them was written, in seconds.
    pub oldest_seconds: Option<f64>,
}

/// What waits in the primary's journal.
pub async fn pending(databases: &Databases, primary: Side) -> Result<Pending, DatabaseError> {
    let mut connection = databases.mirror_session(primary).await?;
    let rows = Statement::new(
        "select count(*), extract(epoch from clock_timestamp() - min(at))::float8 from crossfade.journal",
    )
    .rows::<(BigInt, Nullable<Double>), (i64, Option<f64>)>(&mut connection)
    .await
    .map_err(DatabaseError::statement(primary))?;
    let (entries, oldest_seconds) = rows.into_iter().next().unwrap_or((0, None));
    Ok(Pending {
        entries,
        oldest_seconds,
    })
}

/// Mirrors whatever is pending, and waits until nothing is; false if something still is when the time is up. For when
/// nobody writes on the primary.
pub async fn drain(
    databases: &Databases,
    catalog: &Catalog,
    primary: Side,
    time: Duration,
) -> Result<bool, DatabaseError> {
    let deadline = Instant::now() + time;
    let mut connection = databases.mirror_session(primary).await?;
    if is_empty(&mut connection, primary).await? {
        return Ok(true);
    }
    let workers = Workers::start(databases, catalog, primary, HURRIED);
    let outcome = loop {
        match is_empty(&mut connection, primary).await {
            Ok(false) if Instant::now() < deadline => tokio::time::sleep(HURRIED.idle).await,
            outcome => break outcome,
        }
    };
    tokio::spawn(workers.stop());
    outcome
}

/// Nothing is left to others, and nobody rests, while writers wait.
const HURRIED: WorkersOptions = WorkersOptions {
    workers: 3,
    batch: 2_000,
    idle: Duration::from_millis(1),
    grace: Duration::ZERO,
};

async fn is_empty(connection: &mut AsyncPgConnection, primary: Side) -> Result<bool, DatabaseError> {
    Statement::new("select not exists (select from crossfade.journal)")
        .one_bool(connection)
        .await
        .map_err(DatabaseError::statement(primary))
}

/// True when everything that the transactions of `position` changed is on the secondary.
pub async fn position_is_reached(
    connection: &mut AsyncPgConnection,
    primary: Side,
    position: Position,
) -> Result<bool, DatabaseError> {
    Statement::new(
        "select not exists (select from crossfade.journal where txid between $1::text::xid8 and $2::text::xid8)",
    )
    .text(Some(position.first().to_string()))
    .text(Some(position.last().to_string()))
    .one_bool(connection)
    .await
    .map_err(DatabaseError::statement(primary))
}

/// The position that is reached when all that is pending now is on the secondary; none if nothing is pending.
/// Asked after a read of the primary, it covers whatever that read may have shown.
pub async fn pending_position(
    connection: &mut AsyncPgConnection,
    primary: Side,
) -> Result<Option<Position>, DatabaseError> {
    let rows = Statement::new(
        "select (select txid from crossfade.journal order by txid limit 1)::text::bigint, \
         (select txid from crossfade.journal order by txid desc limit 1)::text::bigint",
    )
    .rows::<(Nullable<BigInt>, Nullable<BigInt>), (Option<i64>, Option<i64>)>(connection)
    .await
    .map_err(DatabaseError::statement(primary))?;
    let of = |transaction: Option<i64>| transaction.map(Position::of_transaction);
    Ok(rows
        .into_iter()
        .next()
        .and_then(|(first, last)| Some(of(first)?.and(of(last)?))))
}

/// The position that is reached when nothing that was ever committed is pending, asked where it is not known
/// whether there is a journal.
pub async fn position_of_everything(
    connection: &mut AsyncPgConnection,
    primary: Side,
) -> Result<Position, DatabaseError> {
    let rows = Statement::new("select pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        .rows::<BigInt, i64>(connection)
        .await
        .map_err(DatabaseError::statement(primary))?;
    let last = rows.into_iter().next().unwrap_or(i64::MAX);
    Ok(Position::of_transaction(1).and(Position::of_transaction(last)))
}

/// Two transactions: before the first, every other has ended; the second and all after it have not begun.
pub async fn ended_and_begun_before(
    connection: &mut AsyncPgConnection,
    primary: Side,
) -> Result<(i64, i64), DatabaseError> {
    let rows = Statement::new(
        "select pg_snapshot_xmin(s.now)::text::bigint, pg_snapshot_xmax(s.now)::text::bigint \
         from (select pg_current_snapshot() as now) s",
    )
    .rows::<(BigInt, BigInt), (i64, i64)>(connection)
    .await
    .map_err(DatabaseError::statement(primary))?;
    Ok(rows.into_iter().next().unwrap_or((0, i64::MAX)))
}

/// A transaction before which every other has ended and has no entry left: each position before it is reached.
pub async fn reached_before(connection: &mut AsyncPgConnection, primary: Side) -> Result<i64, DatabaseError> {
    // The snapshot's xmin matters as much as the entries: a transaction that began long ago may commit, with an
    // old number, after this has looked.
    let rows = Statement::new(
        "select least(min(txid), pg_snapshot_xmin(pg_current_snapshot()))::text::bigint from crossfade.journal",
    )
    .rows::<BigInt, i64>(connection)
    .await
    .map_err(DatabaseError::statement(primary))?;
    Ok(rows.into_iter().next().unwrap_or(0))
}
