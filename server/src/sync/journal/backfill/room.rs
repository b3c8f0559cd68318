//! Rows on the secondary that are in the way of a copy.

use tokio_postgres::{Client, Transaction};

use crate::catalog::Table;
use crate::databases::Side;

use super::super::locks::table_lock;
use super::super::sql;
use super::BackfillError;
use super::session::is_replica;

/// Keys of so many entries of the journal are fetched at once.
const ENTRIES_AT_ONCE: i32 = 100;

/// Empties a table that is about to be copied. Rows may be there from before capture, and what has happened to them
/// since nobody knows. Mirrors of the table, and what is left of an earlier copy, end first.
pub(super) async fn empty(secondary: &mut Client, side: Side, table: &Table) -> Result<(), BackfillError> {
    let broke = BackfillError::copy(table);
    let may_delete = is_replica(secondary, side).await?;
    let transaction = secondary.transaction().await.map_err(&broke)?;
    transaction
        .execute("select pg_advisory_xact_lock($1)", &[&table_lock(table)])
        .await
        .map_err(&broke)?;
    let name = table.quoted();
    let occupied = transaction
        .query_one(&format!("select exists (select from {name})"), &[])
        .await
        .map_err(&broke)?;
    if occupied.get(0) {
        if !may_delete {
            return Err(BackfillError::Occupied {
                table: name,
                secondary: side,
            });
        }
        log::info!("{name} is emptied on the {side} database to be copied");
        transaction
            .batch_execute(&format!("delete from {name}"))
            .await
            .map_err(&broke)?;
    }
    transaction.commit().await.map_err(&broke)
}

/// Deletes the copied rows that have changed since, as the journal has it at the moment of `source`. What is left is as
/// the primary has it at that moment, and so in nobody's way who is there too; what is deleted comes back with its
/// entry, which waits until the table is copied.
pub(super) async fn make_room(
    source: &Transaction<'_>,
    target: &Transaction<'_>,
    table: &Table,
    secondary: Side,
) -> Result<(), BackfillError> {
    let broke = BackfillError::copy(table);
    let name = table.quoted();
    if !is_replica(target.client(), secondary).await? {
        return Err(BackfillError::Occupied {
            table: name,
            secondary,
        });
    }
    let emptied = source
        .query_one(
            "select exists (select from crossfade.journal where relation = $1 and keys is null)",
            &[&table.oid],
        )
        .await
        .map_err(&broke)?;
    if emptied.get(0) {
        // All rows that are there now came after that, and have entries of their own.
        return target
            .batch_execute(&format!("delete from {name}"))
            .await
            .map_err(&broke);
    }
    let entries = source
        .prepare("select array(select unnest(keys)) from crossfade.journal where relation = $1")
        .await
        .map_err(&broke)?;
    let entries = source.bind(&entries, &[&table.oid]).await.map_err(&broke)?;
    let delete = target.prepare(&sql::delete_rows(table)).await.map_err(&broke)?;
    loop {
        let portion = source
            .query_portal(&entries, ENTRIES_AT_ONCE)
            .await
            .map_err(&broke)?;
        if portion.is_empty() {
            return Ok(());
        }
        // The values of all keys in one row, one key after the other.
        let values: Vec<String> = portion
            .iter()
            .flat_map(|row| row.get::<_, Vec<String>>(0))
            .collect();
        let width = table.key.len();
        let columns: Vec<Vec<&String>> = (0..width)
            .map(|part| values.iter().skip(part).step_by(width).collect())
            .collect();
        let columns: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> =
            columns.iter().map(|column| column as _).collect();
        target.execute(&delete, &columns).await.map_err(&broke)?;
    }
}
