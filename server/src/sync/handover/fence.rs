//! The fence: triggers that refuse every write but a mirror's, and say where to go. They are installed disabled, cost
//! nothing then, and are enabled by the transaction that decides.

use std::fmt::Write as _;

use diesel::sql_types::BigInt;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};

use crate::catalog::{quote_literal, read_table, read_table_names};
use crate::databases::{DatabaseError, Databases, Side, Statement};
use crate::sync::Stage;
use crate::sync::journal::{InstallError, alter_table, is_lock_timeout, partitions};

use super::{HandoverError, LOCK_TIMEOUT, VANISHED};

/// Installs the fence on every table of a side, disabled. It may run again while the side is the primary.
pub async fn install_fence(databases: &Databases, side: Side) -> Result<(), HandoverError> {
    let mut connection = databases.mirror_session(side).await?;
    connection
        .batch_execute(&fence_function(databases, side))
        .await
        .map_err(DatabaseError::statement(side))?;
    for (schema, name) in read_table_names(&mut connection, side)
        .await
        .map_err(InstallError::from)?
    {
        let table = read_table(&mut connection, side, &schema, &name)
            .await
            .map_err(InstallError::from)?;
        let partitions = partitions(&mut connection, side, &table).await?;
        let script = fence_table(&table.quoted(), &partitions);
        alter_table(&mut connection, side, &table.quoted(), &script).await?;
    }
    Ok(())
}

/// The function that refuses.
pub fn fence_function(databases: &Databases, side: Side) -> String {
    let other = side.other();
    let hint = format!(
        "Write to the {other} database, {}, or through a Crossfade server.",
        databases.url(other)
    );
    format!(
        "create or replace function crossfade.fence() returns trigger language plpgsql as $fence$\n\
         begin\n\
         if pg_catalog.current_setting('crossfade.mirror', true) operator(pg_catalog.=) 'on' then return null; end if;\n\
         -- A subscription's worker, for which such triggers fire at truncate alone.\n\
         if exists (select from pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid()) a \
         where a.backend_type operator(pg_catalog.~~) 'logical replication%') then return null; end if;\n\
         raise exception 'table %.% has moved: the {side} database takes no writes any more', \
         tg_table_schema, tg_table_name using errcode = 'read_only_sql_transaction', \
         hint = {}, schema = tg_table_schema, table = tg_table_name, constraint = 'crossfade_fence';\n\
         end $fence$;",
        quote_literal(&hint)
    )
}

/// The script that puts the disabled fence on a table and its partitions.
pub fn fence_table(table: &str, partitions: &[String]) -> String {
    let mut script = String::new();
    for target in std::iter::once(table).chain(partitions.iter().map(String::as_str)) {
        _ = write!(
            script,
            "create or replace trigger crossfade_fence before insert or update or delete or truncate on {target} \
             for each statement execute function crossfade.fence(); \
             alter table {target} disable trigger crossfade_fence; "
        );
    }
    script
}

/// Begins, on a connection whose transaction has begun, to keep all writers of a side out: whoever is writing is waited
/// for, but not for long, and readers and mirrors' reads go on.
pub async fn lock_for_handover(
    connection: &mut AsyncPgConnection,
    side: Side,
    mode: &str,
) -> Result<(), HandoverError> {
    let failed = || DatabaseError::statement(side);
    let settings = format!(
        "set local lock_timeout = {}; set local idle_in_transaction_session_timeout = {};",
        LOCK_TIMEOUT.as_millis(),
        VANISHED.as_millis()
    );
    connection.batch_execute(&settings).await.map_err(failed())?;
    let tables = Statement::new(include_str!("tables_to_lock.sql"))
        .one_text(connection)
        .await
        .map_err(failed())?;
    let Some(tables) = tables else { return Ok(()) };
    match connection
        .batch_execute(&format!("lock table {tables} in {mode} mode"))
        .await
    {
        Ok(()) => Ok(()),
        Err(error) if is_lock_timeout(&error) => Err(HandoverError::Busy {
            side,
            source: failed()(error),
        }),
        Err(error) => Err(failed()(error).into()),
    }
}

/// Raises the fence of the primary and ends its epoch, in the transaction that holds its tables. To commit it is the
/// decision.
pub async fn decide(
    connection: &mut AsyncPgConnection,
    primary: Side,
    epoch: i64,
) -> Result<(), HandoverError> {
    let failed = || DatabaseError::statement(primary);
    let found = Statement::new("select epoch from crossfade.migration where is_primary for update")
        .rows::<BigInt, i64>(connection)
        .await
        .map_err(failed())?;
    if found != [epoch - 1] {
        return Err(HandoverError::Overtaken {
            side: primary,
            expected: epoch - 1,
            found: found.first().copied().unwrap_or(-1),
        });
    }
    connection
        .batch_execute(&set_fence("enable always"))
        .await
        .map_err(failed())?;
    Statement::new(
        "update crossfade.migration set epoch = $1, stage = $2, is_primary = false, announced = null, paused = false",
    )
    .integer(epoch)
    .text(Some(Stage::with_primary(primary.other()).name().to_owned()))
    .execute(connection)
    .await
    .map_err(failed())?;
    Ok(())
}

/// Enables or disables the fence on every table that has one.
pub(super) fn set_fence(how: &str) -> String {
    format!(
        "do $set$ declare fenced regclass; begin \
         for fenced in select t.tgrelid from pg_trigger t where t.tgname = 'crossfade_fence' and not t.tgisinternal loop \
         execute format('alter table %s {how} trigger crossfade_fence', fenced); \
         end loop; end $set$;"
    )
}
