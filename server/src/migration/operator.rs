//! Who acts on a migration, and why. Only one acts at a time.

use std::time::Duration;

use diesel::sql_types::{BigInt, Bool};

use crate::catalog::Catalog;
use crate::databases::{Connection, DatabaseError, Databases, Side, Statement};
use crate::sync::State;
use crate::sync::handover::standing;

use super::MigrationError;

/// How long one who has just left may still seem to act.
const LEAVING: Duration = Duration::from_secs(3);
const ASKED_AGAIN: Duration = Duration::from_millis(50);

/// Somebody who acts on a migration, on the databases themselves.
#[derive(Clone)]
pub struct Operator {
    pub(super) databases: Databases,
    pub(super) catalog: Catalog,
    pub(super) who: String,
    pub(super) why: String,
}

/// Nobody else acts while this is held. It ends with its connection.
pub(super) struct Alone {
    connection: Option<Connection>,
    /// The session's process on old.
    pub(super) process: i64,
}

impl Drop for Alone {
    fn drop(&mut self) {
        // Closed, not given back: the lock is the session's.
        drop(self.connection.take().map(Connection::take));
    }
}

impl Operator {
    /// Somebody, and the reason that the record is to give.
    #[must_use]
    pub fn new(databases: &Databases, who: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            databases: databases.clone(),
            catalog: Catalog::default(),
            who: who.into(),
            why: why.into(),
        }
    }

    /// Where the migration stands. What was decided and interrupted is finished first.
    pub(super) async fn standing(&self) -> Result<State, MigrationError> {
        Ok(standing(&self.databases, Side::Old).await?)
    }

    /// Keeps other operators out. Old is asked, since it is there whatever the stage.
    ///
    /// One who has just left may still be on old's books: PostgreSQL notices that a connection has been closed
    /// a little later than whoever closed it.
    pub(super) async fn alone(&self) -> Result<Alone, MigrationError> {
        let mut connection = self.databases.mirror_session(Side::Old).await?;
        let process = tokio::time::timeout(LEAVING, async {
            loop {
                if let Some(process) = locked(&mut connection).await? {
                    return Ok(process);
                }
                tokio::time::sleep(ASKED_AGAIN).await;
            }
        })
        .await
        .unwrap_or(Err(MigrationError::NotAlone))?;
        Ok(Alone {
            connection: Some(connection),
            process,
        })
    }
}

/// The session's process, if nobody else acts.
async fn locked(connection: &mut Connection) -> Result<Option<i64>, MigrationError> {
    let rows = Statement::new(
        "select pg_try_advisory_lock(hashtextextended('crossfade operator', 0)), pg_backend_pid()::int8",
    )
    .rows::<(Bool, BigInt), (bool, i64)>(connection)
    .await
    .map_err(DatabaseError::statement(Side::Old))?;
    Ok(rows
        .first()
        .and_then(|(locked, process)| locked.then_some(*process)))
}
