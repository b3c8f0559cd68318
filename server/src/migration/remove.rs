//! Takes everything of Crossfade out of a database.

use std::fmt::Write as _;
use std::time::Duration;

use diesel_async::SimpleAsyncConnection;

use crate::databases::{DatabaseError, Databases, Side, Statement};
use crate::sync::journal::alter_table;

use super::MigrationError;

/// Servers read the record four times a second; one that has missed that it ended meets what is missing, and reads it
/// again.
pub(super) const SERVERS_NOTICE: Duration = Duration::from_secs(1);

/// Removes the triggers, table by table and without making anybody wait for long, and then the schema. Safe to run
/// again.
pub(super) async fn remove(databases: &Databases, side: Side) -> Result<(), MigrationError> {
    let mut connection = databases.mirror_session(side).await?;
    let failed = || DatabaseError::statement(side);
    // A retired database is read-only unless a session says otherwise.
    connection
        .batch_execute("set default_transaction_read_only to off")
        .await
        .map_err(failed())?;
    let triggers = Statement::new(
        "select json_build_array(format('%I.%I', n.nspname, c.relname), array_agg(t.tgname order by t.tgname))::text \
         from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace \
         join pg_proc p on p.oid = t.tgfoid \
         where not t.tgisinternal and t.tgparentid = 0 and p.pronamespace = to_regnamespace('crossfade') \
         group by n.nspname, c.relname order by n.nspname, c.relname",
    )
    .texts_of_rows(&mut connection)
    .await
    .map_err(failed())?;
    for row in triggers.iter().flatten() {
        let (table, names): (String, Vec<String>) =
            serde_json::from_str(row).map_err(|error| DatabaseError::Statement {
                side,
                source: diesel::result::Error::DeserializationError(error.into()),
            })?;
        let mut script = String::new();
        for name in names {
            _ = write!(script, "drop trigger if exists {name} on {table}; ");
        }
        alter_table(&mut connection, side, &table, &script).await?;
    }
    alter_table(
        &mut connection,
        side,
        "of the schema crossfade",
        "drop schema if exists crossfade cascade;",
    )
    .await?;
    Ok(())
}
