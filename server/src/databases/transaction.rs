//! Begin, commit and roll back through diesel's own book-keeping, so that a connection whose future was dropped
//! in the middle of a transaction is never given to anybody else.

use diesel_async::{AsyncConnection, AsyncPgConnection, TransactionManager};

use super::{DatabaseError, Side};

type Manager = <AsyncPgConnection as AsyncConnection>::TransactionManager;

/// Begins a transaction.
pub async fn begin(connection: &mut AsyncPgConnection, side: Side) -> Result<(), DatabaseError> {
    Manager::begin_transaction(connection)
        .await
        .map_err(DatabaseError::statement(side))
}

/// Commits it. After an error it may have been committed or not.
pub async fn commit(connection: &mut AsyncPgConnection, side: Side) -> Result<(), DatabaseError> {
    Manager::commit_transaction(connection)
        .await
        .map_err(DatabaseError::statement(side))
}

/// Rolls it back. Where even that fails, the connection is broken and the pool drops it.
pub async fn roll_back(connection: &mut AsyncPgConnection, side: Side) {
    if let Err(error) = Manager::rollback_transaction(connection).await {
        log::debug!("the {side} database could not roll back, so its connection is dropped: {error}");
    }
}
