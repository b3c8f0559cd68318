//! The migration's record where PostgreSQL's own stream carries the changes: the same tables as with the journal, whose
//! triggers there are none of.

use super::Direction;
use crate::databases::{DatabaseError, Databases, Side, Statement};
use crate::sync::journal::set_up_record;

/// Makes the primary's record, or brings its list of tables up to date; how many there are. Each is listed as not copied
/// until [`copied`] says otherwise.
pub async fn begin_record(databases: &Databases, primary: Side) -> Result<usize, DatabaseError> {
    set_up(
        databases,
        primary,
        "update crossfade.migration set transport = 'publish-subscribe', stage = 'syncing' where stage = 'idle';",
    )
    .await
}

/// Makes the secondary's, for the time when it will be the primary: what it holds is in the primary too.
pub async fn begin_record_on_secondary(
    databases: &Databases,
    secondary: Side,
) -> Result<usize, DatabaseError> {
    let tables = set_up(
        databases,
        secondary,
        "update crossfade.migration set transport = 'publish-subscribe'; \
         update crossfade.migration set is_primary = false where epoch = 0;",
    )
    .await?;
    mark(databases, secondary, "clock_timestamp()").await?;
    Ok(tables)
}

/// Whether all tables that are listed are copied.
pub async fn is_copied(databases: &Databases, direction: Direction) -> Result<bool, DatabaseError> {
    let side = direction.publisher();
    let mut connection = databases.mirror_session(side).await?;
    Statement::new(
        "select exists (select from crossfade.captured) \
         and not exists (select from crossfade.captured t where t.copied_at is null)",
    )
    .one_bool(&mut connection)
    .await
    .map_err(DatabaseError::statement(side))
}

/// All rows of all tables that are listed are on the secondary.
pub async fn copied(databases: &Databases, primary: Side) -> Result<(), DatabaseError> {
    mark(databases, primary, "coalesce(copied_at, clock_timestamp())").await
}

/// The secondary must not be read any more: it has lost the stream.
pub async fn not_copied(databases: &Databases, direction: Direction) -> Result<(), DatabaseError> {
    mark(databases, direction.publisher(), "null").await
}

async fn mark(databases: &Databases, side: Side, when: &str) -> Result<(), DatabaseError> {
    let mut connection = databases.mirror_session(side).await?;
    Statement::new(format!("update crossfade.captured set copied_at = {when}"))
        .execute(&mut connection)
        .await
        .map_err(DatabaseError::statement(side))?;
    Ok(())
}

async fn set_up(databases: &Databases, side: Side, also: &str) -> Result<usize, DatabaseError> {
    let mut connection = databases.mirror_session(side).await?;
    let script = format!("{also} {}", include_str!("list_tables.sql"));
    set_up_record(&mut connection, side, &script).await?;
    let rows = Statement::new("select count(*) from crossfade.captured")
        .rows::<diesel::sql_types::BigInt, i64>(&mut connection)
        .await
        .map_err(DatabaseError::statement(side))?;
    Ok(rows
        .into_iter()
        .next()
        .map_or(0, |count| usize::try_from(count).unwrap_or(0)))
}
