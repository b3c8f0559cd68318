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
    let tables = keyed_tables(&mut connection, primary).await?;
    set_up_record(&mut connection, primary, "").await?;
    let captured = capture_all(&mut connection, primary, tables).await?;
    Statement::new("update crossfade.migration set stage = 'syncing' where stage = 'idle'")
        .execute(&mut connection)
        .await
        .map_err(DatabaseError::statement(primary))?;
    Ok(captured)
}

/// Installs capture on every table of the secondary, for the time when it will be the primary: until then only
/// mirrors write there, and they are not captured. It may run again at any time.
pub async fn install_on_secondary(
    databases: &Databases,
    secondary: Side,
) -> Result<Vec<CapturedTable>, InstallError> {
    let mut connection = databases.mirror_session(secondary).await?;
    let tables = keyed_tables(&mut connection, secondary).await?;
    // Whatever is in the secondary is in the primary: nothing is to be copied back.
    set_up_record(
        &mut connection,
        secondary,
        "update crossfade.migration set is_primary = false where epoch = 0;",
    )
    .await?;
    let captured = capture_all(&mut connection, secondary, tables).await?;
    Statement::new("update crossfade.captured set copied_at = clock_timestamp() where copied_at is null")
        .execute(&mut connection)
        .await
        .map_err(DatabaseError::statement(secondary))?;
    Ok(captured)
}

async fn keyed_tables(connection: &mut AsyncPgConnection, side: Side) -> Result<Vec<Table>, InstallError> {
    let mut tables = Vec::new();
    for (schema, name) in read_table_names(connection, side).await? {
        let table = read_table(connection, side, &schema, &name).await?;
        if table.key.is_empty() {
            return Err(InstallError::NoKey {
                table: table.quoted(),
            });
        }
        tables.push(table);
    }
    Ok(tables)
}

/// Makes the schema, and in the same transaction whatever else must be so from its beginning.
pub(in crate::sync) async fn set_up_record(
    connection: &mut AsyncPgConnection,
    side: Side,
    also: &str,
) -> Result<(), DatabaseError> {
    let script = format!("{} {also}", include_str!("setup.sql"));
    let done = connection.batch_execute(&script).await;
    done.map_err(DatabaseError::statement(side))
}

async fn capture_all(
    connection: &mut AsyncPgConnection,
    side: Side,
    tables: Vec<Table>,
) -> Result<Vec<CapturedTable>, InstallError> {
    let mut captured = Vec::with_capacity(tables.len());
    for table in tables {
        let partitions = partitions(connection, side, &table).await?;
        let script = capture_table(&table, &partitions);
        let attempts = alter_table(connection, side, &table.quoted(), &script).await?;
        captured.push(CapturedTable { table, attempts });
    }
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

/// The quoted names of a table's partitions.
pub(in crate::sync) async fn partitions(
    connection: &mut AsyncPgConnection,
    side: Side,
    table: &Table,
) -> Result<Vec<String>, DatabaseError> {
    let leaves = Statement::new(include_str!("partitions.sql"))
        .integer(i64::from(table.oid))
        .texts_of_rows(connection)
        .await
        .map_err(DatabaseError::statement(side))?;
    Ok(leaves.into_iter().flatten().collect())
}

/// Runs a script that alters a table, in a transaction of its own, without ever making others wait for long; how many
/// attempts it took.
pub(crate) async fn alter_table(
    connection: &mut AsyncPgConnection,
    side: Side,
    table: &str,
    script: &str,
) -> Result<u32, InstallError> {
    let script = format!(
        "begin; set local lock_timeout = {}; {script} commit;",
        LOCK_TIMEOUT.as_millis()
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
            .map_err(DatabaseError::statement(side))?;
        let timed_out = is_lock_timeout(&error);
        let source = DatabaseError::statement(side)(error);
        if !timed_out {
            return Err(source.into());
        }
        if attempts == LOCK_ATTEMPTS {
            return Err(InstallError::Busy {
                table: table.to_owned(),
                attempts,
                source,
            });
        }
        tokio::time::sleep(LOCK_TIMEOUT * attempts.min(5)).await;
        attempts += 1;
    }
}

/// Whether a statement gave up waiting for a lock. The driver has no kind for it.
pub(crate) fn is_lock_timeout(error: &diesel::result::Error) -> bool {
    error.to_string().contains("lock timeout")
}
