//! Positions over the stream. They are places in the primary's log: every transaction whose commit was written before one
//! comes before it, whatever is still open. A place is reached once a marker has arrived that was set after it was read.

use diesel::sql_types::BigInt;
use diesel_async::AsyncPgConnection;

use crate::databases::{DatabaseError, Side, Statement};
use crate::sync::Position;

/// The position of everything that has been committed on the primary until now. What others can see has been written
/// before the log's end, flushed or not.
pub async fn position_now(
    connection: &mut AsyncPgConnection,
    primary: Side,
) -> Result<Position, DatabaseError> {
    let rows = Statement::new("select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint")
        .rows::<BigInt, i64>(connection)
        .await
        .map_err(DatabaseError::statement(primary))?;
    Ok(Position::of_log(rows.into_iter().next().unwrap_or(i64::MAX)))
}
