//! What the two sides say of a range.

use diesel::sql_types::{Array, BigInt, Nullable, SqlType, Text};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use futures_util::future::try_join;

use crate::catalog::Table;
use crate::databases::{DatabaseError, Databases, Image, Side, Statement, begin, roll_back};

use super::key_order::KeyOrder;
use super::range::{Key, Range};
use super::sql;

/// One table on both sides.
pub(super) struct BothSides<'a> {
    pub(super) databases: &'a Databases,
    pub(super) primary: Side,
    pub(super) table: &'a Table,
    pub(super) order: KeyOrder,
}

/// What one side says of a range: equal rows in any order have equal checksums.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Checksum {
    /// How many rows there are.
    pub(super) rows: u64,
    /// The sum of their hashes, as PostgreSQL wrote it.
    pub(super) sum: String,
}

/// One core a side and no more, and an end to every statement: live traffic comes first. A range may be most of a table.
const SETTINGS: &str = "set local max_parallel_workers_per_gather = 0; set local enable_seqscan = on; \
                        set local lock_timeout = '30s'; set local statement_timeout = '10min'";

impl BothSides<'_> {
    /// The checksums of the range on the primary and on the secondary, asked at the same time.
    pub(super) async fn checksums(&self, range: &Range) -> Result<(Checksum, Checksum), DatabaseError> {
        let ask = async |side| {
            let statement = sql::checksum(self.table, &self.order, range);
            let rows = self
                .read::<(BigInt, Text), (i64, String)>(side, statement)
                .await?;
            let (rows, sum) = rows.into_iter().next().unwrap_or_default();
            let rows = u64::try_from(rows).unwrap_or_default();
            Ok(Checksum { rows, sum })
        };
        try_join(ask(self.primary), ask(self.primary.other())).await
    }

    /// The keys of the range with their rows' hashes, on the primary and on the secondary.
    pub(super) async fn keys_and_hashes(
        &self,
        range: &Range,
    ) -> Result<(Vec<(Key, i64)>, Vec<(Key, i64)>), DatabaseError> {
        type Columns = (Array<Nullable<Text>>, BigInt);
        let ask = async |side| {
            let statement = sql::keys_and_hashes(self.table, &self.order, range);
            let rows = self.read::<Columns, (Image, i64)>(side, statement).await?;
            Ok(rows.into_iter().map(|(key, hash)| (key_of(key), hash)).collect())
        };
        try_join(ask(self.primary), ask(self.primary.other())).await
    }

    /// The key that stands at this place, from 1, of the range on `side`.
    pub(super) async fn key_at(
        &self,
        side: Side,
        range: &Range,
        place: u64,
    ) -> Result<Option<Key>, DatabaseError> {
        let statement = sql::key_at(self.table, &self.order, range, place);
        let rows = self.read::<Array<Nullable<Text>>, Image>(side, statement).await?;
        Ok(rows.into_iter().next().map(key_of))
    }

    async fn read<Columns, Row>(&self, side: Side, statement: Statement) -> Result<Vec<Row>, DatabaseError>
    where
        Columns: SqlType
            + diesel::expression::TypedExpressionType
            + diesel::query_builder::QueryId
            + Send
            + 'static,
        crate::databases::Typed<Columns>: diesel_async::methods::LoadQuery<'static, AsyncPgConnection, Row>,
        Row: Send + 'static,
    {
        let failed = || DatabaseError::statement(side);
        let mut connection = self.databases.mirror_session(side).await?;
        begin(&mut connection, side).await?;
        let rows = match connection.batch_execute(SETTINGS).await {
            Ok(()) => statement.rows::<Columns, Row>(&mut connection).await,
            Err(error) => Err(error),
        };
        roll_back(&mut connection, side).await;
        rows.map_err(failed())
    }
}

/// A key's values are never null: the primary key says so.
fn key_of(values: Image) -> Key {
    values.into_iter().map(Option::unwrap_or_default).collect()
}
