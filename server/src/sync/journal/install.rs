//! Puts capture in place: the `crossfade` schema, and on every table the triggers that note changed keys.

use std::time::Duration;

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};

use crate::catalog::{CatalogError, Table, read_table, read_table_names};
use crate::databases::{DatabaseError, Databases, Side, Statement};

use super::sql::capture_table;

/// A table whose changes are now noted.
#[derive(Debug, Clone)]
pub struct CapturedTable {
    /// The table, as it is on the primary.
    pub table: Table,
    /// How many attempts its lock took.
    pub attempts: u32,
}

/// Why capture could not be installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// A table has no primary key, so that its rows cannot be told apart.
    #[error("table {table} has no primary key; add one: alter table {table} add primary key (…)")]
    NoKey {
        /// The table.
        table: String,
    },
    /// A table stayed locked by others through all attempts.
    #[error(
        "table {table} could not be locked for a moment in {attempts} attempts; a long transaction holds it \
         (see pg_stat_activity); end it and run this again"
    )]
    Busy {
        /// The table.
        table: String,
        /// How often it was tried.
        attempts: u32,
        /// PostgreSQL's last word.
        #[source]
        source: DatabaseError,
    },
    /// The catalog could not be read.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A statement failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Writers queue behind a waiting `create trigger`: so it waits only this long, then lets them pass.
const LOCK_TIMEOUT: Duration = Duration::from_millis(300);
const LOCK_ATTEMPTS: u32 = 20;

/// Installs capture on every table of the primary, or repairs it, and sets the stage to `syncing`. It may run
/// again at any time.
pub async fn install(databases: &Databases, primary: Side) -> Result<Vec<CapturedTable>, InstallError> {
    let mut connection = databases.mirror_session(primary).await?;
    let failed = || DatabaseError::statement(primary);
    let mut tables = Vec::new();
    for (schema, name) in read_table_names(&mut connection, primary).await? {
        let table = read_table(&mut connection, primary, &schema, &name).await?;
        if table.key.is_empty() {
            return Err(InstallError::NoKey {
                table: table.quoted(),
            });
        }
        tables.push(table);
    }
    connection
        .batch_execute(include_str!("setup.sql"))
        .await
        .map_err(failed())?;
    let mut captured = Vec::new();
    for table in tables {
        let attempts = capture(&mut connection, primary, &table).await?;
        captured.push(CapturedTable { table, attempts });
    }
    Statement::new("update crossfade.migration set stage = 'syncing' where stage = 'idle'")
        .execute(&mut connection)
        .await
        .map_err(failed())?;
    Ok(captured)
}

/// Holds the workers back, or lets them go on. Mirrors that a request waits for go on either way.
pub async fn set_paused(databases: &Databases, primary: Side, paused: bool) -> Result<(), DatabaseError> {
    let mut connection = databases.mirror_session(primary).await?;
    Statement::new("update crossfade.migration set paused = ($1 = 1)")
        .integer(i64::from(paused))
        .execute(&mut connection)
        .await
        .map_err(DatabaseError::statement(primary))?;
    Ok(())
}

async fn capture(
    connection: &mut AsyncPgConnection,
    primary: Side,
    table: &Table,
) -> Result<u32, InstallError> {
    let leaves = Statement::new(include_str!("partitions.sql"))
        .integer(i64::from(table.oid))
        .texts_of_rows(connection)
        .await
        .map_err(DatabaseError::statement(primary))?;
    let leaves: Vec<String> = leaves.into_iter().flatten().collect();
    let script = format!(
        "begin; set local lock_timeout = {}; {} commit;",
        LOCK_TIMEOUT.as_millis(),
        capture_table(table, &leaves)
    );
    let mut attempts = 1;
    loop {
        let Err(error) = connection.batch_execute(&script).await else {
            return Ok(attempts);
        };
        // The script opened a transaction of its own; leave it before anything else runs here.
        connection
            .batch_execute("rollback")
            .await
            .map_err(DatabaseError::statement(primary))?;
        let timed_out = error.to_string().contains("lock timeout");
        let source = DatabaseError::statement(primary)(error);
        if !timed_out {
            return Err(source.into());
        }
        if attempts == LOCK_ATTEMPTS {
            return Err(InstallError::Busy {
                table: table.quoted(),
                attempts,
                source,
            });
        }
        tokio::time::sleep(LOCK_TIMEOUT * attempts.min(5)).await;
        attempts += 1;
    }
}
