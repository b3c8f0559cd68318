//! Only one acts on a migration at a time: an operator, or a server that finishes what one has left.

use diesel::sql_types::{BigInt, Bool};

use crate::databases::{Connection, DatabaseError, Databases, Side, Statement};

/// Nobody else acts while this is held. It ends with its connection.
pub struct Alone {
    connection: Option<Connection>,
    /// The session's process on old.
    pub process: i64,
}

impl Drop for Alone {
    fn drop(&mut self) {
        // Closed, not given back: the lock is the session's.
        drop(self.connection.take().map(Connection::take));
    }
}

/// Keeps others out, unless somebody acts already. Old is asked, since it is there whatever the stage.
pub async fn try_alone(databases: &Databases) -> Result<Option<Alone>, DatabaseError> {
    let mut connection = databases.mirror_session(Side::Old).await?;
    let rows = Statement::new(
        "select pg_try_advisory_lock(hashtextextended('crossfade operator', 0)), pg_backend_pid()::int8",
    )
    .rows::<(Bool, BigInt), (bool, i64)>(&mut connection)
    .await
    .map_err(DatabaseError::statement(Side::Old))?;
    Ok(match rows.first() {
        Some((true, process)) => Some(Alone {
            connection: Some(connection),
            process: *process,
        }),
        _ => None,
    })
}
