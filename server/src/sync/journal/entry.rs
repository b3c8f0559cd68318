//! What capture noted: one entry a changed key.

use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text};
use diesel_async::AsyncPgConnection;

use crate::databases::{DatabaseError, Side, Statement};
use crate::sync::Position;

/// A changed key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The entry's own number: entries are dropped by it, one by one, since numbers commit out of order.
    pub id: i64,
    /// The table's schema.
    pub schema: String,
    /// The table's name.
    pub table: String,
    /// The key's values as text in the key's order; `None` for every row of the table, after TRUNCATE.
    pub key: Option<Vec<String>>,
    /// False while existing rows of the table are still being copied: a row that was read for copying before a
    /// delete could come back after the delete was mirrored, so the entry must outlive the copy.
    pub droppable: bool,
}

type EntryColumns = (BigInt, Text, Text, Nullable<Array<Nullable<Text>>>, Bool);
type EntryRow = (i64, String, String, Option<Vec<Option<String>>>, bool);

const COLUMNS: &str = "j.id, c.schema_name, c.table_name, j.key, c.copied_at is not null";

/// The position of the connection's transaction, if it has written anything so far.
pub async fn position_of_this_transaction(
    connection: &mut AsyncPgConnection,
) -> diesel::QueryResult<Option<Position>> {
    let rows = Statement::new("select pg_current_xact_id_if_assigned()::text::bigint")
        .rows::<Nullable<BigInt>, Option<i64>>(connection)
        .await?;
    Ok(rows.into_iter().next().flatten().map(Position::of_transaction))
}

/// The entries of these transactions that are still in the journal.
pub(super) async fn entries_of(
    connection: &mut AsyncPgConnection,
    primary: Side,
    positions: &[Position],
) -> Result<Vec<Entry>, DatabaseError> {
    let sql = format!(
        "select {COLUMNS} from crossfade.journal j join crossfade.captured c using (relation) \
         where j.txid = any($1::text[]::xid8[])"
    );
    let transactions = positions
        .iter()
        .map(|position| Some(position.to_string()))
        .collect();
    load(connection, primary, Statement::new(sql).texts(transactions)).await
}

/// Takes up to `limit` of the oldest entries that nobody else has taken, for as long as the connection's
/// transaction lasts, leaving out those that were set aside.
pub(super) async fn claim(
    connection: &mut AsyncPgConnection,
    primary: Side,
    limit: usize,
    set_aside: Vec<i64>,
) -> Result<Vec<Entry>, DatabaseError> {
    let sql = format!(
        "select {COLUMNS} from crossfade.journal j join crossfade.captured c using (relation) \
         where c.copied_at is not null and j.id <> all($1) \
         order by j.id limit $2 for update of j skip locked"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    load(
        connection,
        primary,
        Statement::new(sql).integers(set_aside).integer(limit),
    )
    .await
}

/// Drops exactly these entries. Those that another worker has taken are left to it: it mirrors them too.
pub(super) async fn drop_entries(
    connection: &mut AsyncPgConnection,
    primary: Side,
    entries: &[Entry],
) -> Result<(), DatabaseError> {
    let ids: Vec<i64> = entries
        .iter()
        .filter(|entry| entry.droppable)
        .map(|entry| entry.id)
        .collect();
    if ids.is_empty() {
        return Ok(());
    }
    Statement::new(
        "delete from crossfade.journal where id in \
         (select id from crossfade.journal where id = any($1) for update skip locked)",
    )
    .integers(ids)
    .execute(connection)
    .await
    .map_err(DatabaseError::statement(primary))?;
    Ok(())
}

async fn load(
    connection: &mut AsyncPgConnection,
    primary: Side,
    statement: Statement,
) -> Result<Vec<Entry>, DatabaseError> {
    let rows = statement
        .rows::<EntryColumns, EntryRow>(connection)
        .await
        .map_err(DatabaseError::statement(primary))?;
    Ok(rows
        .into_iter()
        .map(|(id, schema, table, key, droppable)| {
            // A key's values are never null: the primary key says so.
            let key = key.map(|values| values.into_iter().map(Option::unwrap_or_default).collect());
            Entry {
                id,
                schema,
                table,
                key,
                droppable,
            }
        })
        .collect())
}
