//! What capture noted: an entry for each statement, with the keys that it changed.

use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use diesel_async::AsyncPgConnection;

use crate::databases::{DatabaseError, Side, Statement};
use crate::sync::Position;

/// Keys that one statement changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The entry's own number: entries are dropped by it, one by one, since numbers commit out of order.
    pub(super) id: i64,
    /// The transaction that made it.
    pub(super) transaction: i64,
    /// The table's schema.
    pub(super) schema: String,
    /// The table's name.
    pub(super) table: String,
    /// Each key's values as text, in the key's order; `None` for every row of the table, after TRUNCATE.
    pub(super) keys: Option<Vec<Vec<String>>>,
    /// False while existing rows of the table are still being copied: a row that was read for copying before a
    /// delete could come back after the delete was mirrored, so the entry must outlive the copy.
    pub(super) droppable: bool,
}

impl Entry {
    /// How many keys it holds; a whole table counts as one.
    pub(super) fn size(&self) -> usize {
        self.keys.as_ref().map_or(1, Vec::len)
    }

    /// The position that is reached when this entry is gone.
    pub(crate) fn position(&self) -> Position {
        Position::of_transaction(self.transaction)
    }

    /// The same entry for each of its keys.
    pub(super) fn by_key(&self) -> impl Iterator<Item = Self> {
        self.keys.iter().flatten().map(|key| Self {
            keys: Some(vec![key.clone()]),
            ..self.clone()
        })
    }
}

/// How many keys there are in entries.
pub(super) fn total_size(entries: &[Entry]) -> usize {
    entries.iter().map(Entry::size).sum()
}

type EntryColumns = (BigInt, BigInt, Text, Text, Nullable<Text>, Bool);
type EntryRow = (i64, i64, String, String, Option<String>, bool);

const SELECT: &str = "select j.id, j.txid::text::bigint, c.schema_name, c.table_name, array_to_json(j.keys)::text, \
     c.copied_at is not null from crossfade.journal j join crossfade.captured c using (relation)";

/// Entries of one transaction that a request may wait for; whoever changes more leaves it to the workers.
pub(super) const MOST_AWAITED: usize = 20;

/// What the connection's transaction has changed so far: at most one entry more than a request may wait for.
pub async fn entries_of_this_transaction(
    connection: &mut AsyncPgConnection,
) -> diesel::QueryResult<Vec<Entry>> {
    let limit = MOST_AWAITED + 1;
    let sql = format!("{SELECT} where j.txid = pg_current_xact_id_if_assigned() limit {limit}");
    load(connection, Statement::new(sql)).await
}

/// The position of the connection's transaction, if it has written anything so far, captured or not.
pub async fn position_of_this_transaction(
    connection: &mut AsyncPgConnection,
) -> diesel::QueryResult<Option<Position>> {
    let rows = Statement::new("select pg_current_xact_id_if_assigned()::text::bigint")
        .rows::<Nullable<BigInt>, Option<i64>>(connection)
        .await?;
    Ok(rows.into_iter().next().flatten().map(Position::of_transaction))
}

/// Takes up to `limit` of the oldest entries that nobody else has taken, for as long as the connection's
/// transaction lasts, leaving out those that were set aside. Entries younger than `grace_ms` are left to whoever
/// may be mirroring them for a waiting request; one that seems to come from the future is from before the clock
/// was set back, and so no younger than any other.
pub(super) async fn claim(
    connection: &mut AsyncPgConnection,
    primary: Side,
    limit: usize,
    grace_ms: i64,
    set_aside: Vec<i64>,
) -> Result<Vec<Entry>, DatabaseError> {
    let sql = format!(
        "{SELECT} where c.copied_at is not null and j.id <> all($1) \
         and j.at not between clock_timestamp() - $2 * interval '1 ms' and clock_timestamp() \
         order by j.txid, j.id limit $3 for update of j skip locked"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let statement = Statement::new(sql)
        .integers(set_aside)
        .integer(grace_ms)
        .integer(limit);
    load(connection, statement)
        .await
        .map_err(DatabaseError::statement(primary))
}

/// Drops exactly these entries. Those that another worker has taken are left to it: it mirrors them too.
pub(super) async fn drop_entries(
    connection: &mut AsyncPgConnection,
    primary: Side,
    entries: &[Entry],
) -> Result<(), DatabaseError> {
    let droppable = || entries.iter().filter(|entry| entry.droppable);
    let ids: Vec<i64> = droppable().map(|entry| entry.id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let transactions = droppable()
        .map(|entry| Some(entry.transaction.to_string()))
        .collect();
    // Each is looked up by itself and deleted where it was found. A join may be planned while the journal is all but empty,
    // and such a plan took seconds for one batch of a backlog.
    Statement::new(
        "delete from crossfade.journal where ctid = any (array(select \
         (select j.ctid from crossfade.journal j where j.txid = d.txid and j.id = d.id for update skip locked) \
         from unnest($1::text[]::xid8[], $2) as d(txid, id)))",
    )
    .texts(transactions)
    .integers(ids)
    .execute(connection)
    .await
    .map_err(DatabaseError::statement(primary))?;
    Ok(())
}

async fn load(connection: &mut AsyncPgConnection, statement: Statement) -> diesel::QueryResult<Vec<Entry>> {
    let rows = statement.rows::<EntryColumns, EntryRow>(connection).await?;
    rows.into_iter()
        .map(|(id, transaction, schema, table, keys, droppable)| {
            let keys = keys
                .map(|keys| serde_json::from_str(&keys))
                .transpose()
                .map_err(|error| diesel::result::Error::DeserializationError(error.into()))?;
            Ok(Entry {
                id,
                transaction,
                schema,
                table,
                keys,
                droppable,
            })
        })
        .collect()
}
