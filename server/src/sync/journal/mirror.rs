//! The protocol: make the secondary's rows of a set of keys equal to the primary's.
//!
//! On the secondary begin and lock each key; then, in one statement a table, read the keys' rows on the primary;
//! make the secondary equal; commit. Only then may the entries be dropped, by whoever loaded them before this
//! began. It carries state, not statements: doing it twice, late or in any order ends the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use diesel::sql_types::{Array, BigInt, Nullable, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection, TransactionManager};

use crate::catalog::{Catalog, CatalogError, Table};
use crate::databases::{DatabaseError, Databases, Image, Side, Statement};

use super::entry::Entry;
use super::locks::Locks;
use super::sql;

/// Mirrors from one side to the other.
#[derive(Clone)]
pub(super) struct Mirror {
    pub(super) databases: Databases,
    pub(super) catalog: Catalog,
    pub(super) primary: Side,
}

/// Why keys could not be mirrored. Their entries stay in the journal.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    /// One of the databases failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A table could not be described.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A table's shape changed between two readings, several times over.
    #[error("table {table} keeps changing its shape while it is mirrored")]
    Unsettled {
        /// The table.
        table: String,
    },
}

impl MirrorError {
    /// True when a database is out of reach, so that trying other keys is of no use.
    pub(super) fn is_unreachable(&self) -> bool {
        match self {
            Self::Database(error) | Self::Catalog(CatalogError::Database(error)) => error.is_unreachable(),
            _ => false,
        }
    }
}

/// The keys of one table that are to be mirrored.
struct Work {
    table: Arc<Table>,
    whole: bool,
    keys: BTreeSet<Vec<String>>,
}

/// A lock or a row that somebody else holds on the secondary may hold a mirror up for this long.
const SECONDARY_TIMEOUTS: &str = "set local lock_timeout = '5s'; set local statement_timeout = '30s'";

/// How often a table may be seen to change its shape before we give up.
const SHAPE_ATTEMPTS: usize = 3;

impl Mirror {
    /// Mirrors the keys of these entries, reading the primary through `primary`.
    pub(super) async fn mirror(
        &self,
        primary: &mut AsyncPgConnection,
        entries: &[Entry],
    ) -> Result<(), MirrorError> {
        if entries.is_empty() {
            return Ok(());
        }
        let mut unsettled = String::new();
        for _ in 0..SHAPE_ATTEMPTS {
            let work = self.work(entries).await?;
            match self.attempt(primary, &work).await? {
                None => return Ok(()),
                Some(table) => {
                    self.catalog.forget(&table.schema, &table.name);
                    unsettled = table.quoted();
                }
            }
        }
        Err(MirrorError::Unsettled { table: unsettled })
    }

    /// Sorts entries by table. A table that is gone from the primary has no rows to carry over.
    async fn work(&self, entries: &[Entry]) -> Result<Vec<Work>, MirrorError> {
        let mut tables: BTreeMap<(&str, &str), (bool, BTreeSet<Vec<String>>)> = BTreeMap::new();
        for entry in entries {
            let (whole, keys) = tables.entry((&entry.schema, &entry.table)).or_default();
            match &entry.key {
                Some(key) => _ = keys.insert(key.clone()),
                None => *whole = true,
            }
        }
        let mut work = Vec::with_capacity(tables.len());
        for ((schema, name), (whole, keys)) in tables {
            match self
                .catalog
                .table(&self.databases, self.primary, schema, name)
                .await
            {
                Ok(table) => work.push(Work { table, whole, keys }),
                Err(CatalogError::UnknownTable { .. }) => {
                    log::warn!(
                        "table {schema}.{name} is gone from the {} database; its changes with it",
                        self.primary
                    );
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(work)
    }

    /// One attempt in one transaction on the secondary; a table that has changed its shape ends it.
    async fn attempt(
        &self,
        primary: &mut AsyncPgConnection,
        work: &[Work],
    ) -> Result<Option<Arc<Table>>, MirrorError> {
        type Transactions = <AsyncPgConnection as AsyncConnection>::TransactionManager;
        let secondary = self.primary.other();
        let mut connection = self.databases.mirror_session(secondary).await?;
        let failed = || DatabaseError::statement(secondary);
        Transactions::begin_transaction(&mut *connection)
            .await
            .map_err(failed())?;
        let outcome = self.lock_read_apply(primary, &mut connection, work).await;
        if let Ok(None) = outcome {
            Transactions::commit_transaction(&mut *connection)
                .await
                .map_err(failed())?;
        } else if let Err(error) = Transactions::rollback_transaction(&mut *connection).await {
            log::debug!(
                "the {secondary} database could not roll a mirror back, so its connection is dropped: {error}"
            );
        }
        outcome
    }

    async fn lock_read_apply(
        &self,
        primary: &mut AsyncPgConnection,
        secondary: &mut AsyncPgConnection,
        work: &[Work],
    ) -> Result<Option<Arc<Table>>, MirrorError> {
        let side = self.primary.other();
        secondary
            .batch_execute(SECONDARY_TIMEOUTS)
            .await
            .map_err(DatabaseError::statement(side))?;
        let mut locks = Locks::default();
        for Work { table, whole, keys } in work {
            if *whole {
                locks.add_table(table);
            }
            locks.add_keys(table, keys.iter());
        }
        locks.take(secondary, side).await?;
        for Work { table, whole, keys } in work {
            if *whole {
                let kept = self.read_all_keys(primary, table).await?;
                delete_all_but(secondary, side, table, kept).await?;
            }
            if keys.is_empty() {
                continue;
            }
            let keys: Vec<&Vec<String>> = keys.iter().collect();
            let Some(rows) = self.read_rows(primary, table, &keys).await? else {
                return Ok(Some(table.clone()));
            };
            apply(secondary, side, table, rows).await?;
        }
        Ok(None)
    }

    /// The current row of each key, or nothing if the table is no longer of the shape we know.
    async fn read_rows<'k>(
        &self,
        primary: &mut AsyncPgConnection,
        table: &Table,
        keys: &[&'k Vec<String>],
    ) -> Result<Option<Vec<(&'k Vec<String>, Option<Image>)>>, MirrorError> {
        type Columns = (BigInt, Nullable<Text>, Nullable<Array<Nullable<Text>>>);
        let mut statement = Statement::new(sql::read_rows(table));
        for part in 0..table.key.len() {
            statement = statement.texts(keys.iter().map(|key| key.get(part).cloned()).collect());
        }
        let rows = statement
            .rows::<Columns, (i64, Option<String>, Option<Image>)>(primary)
            .await;
        let rows = match rows {
            Ok(rows) => rows,
            Err(error) => {
                // A column that was dropped or renamed fails here; what we know of the table may be stale.
                self.catalog.forget(&table.schema, &table.name);
                return Err(DatabaseError::statement(self.primary)(error).into());
            }
        };
        if rows
            .iter()
            .any(|(_, shape, _)| shape.as_ref() != Some(&table.shape))
        {
            return Ok(None);
        }
        let place = |place: i64| {
            usize::try_from(place - 1)
                .ok()
                .and_then(|at| keys.get(at).copied())
        };
        Ok(Some(
            rows.into_iter()
                .filter_map(|(at, _, image)| Some((place(at)?, image)))
                .collect(),
        ))
    }

    async fn read_all_keys(
        &self,
        primary: &mut AsyncPgConnection,
        table: &Table,
    ) -> Result<Vec<Image>, MirrorError> {
        let keys = Statement::new(sql::read_keys(table))
            .rows::<Array<Nullable<Text>>, Image>(primary)
            .await
            .map_err(DatabaseError::statement(self.primary))?;
        Ok(keys)
    }
}

async fn apply(
    secondary: &mut AsyncPgConnection,
    side: Side,
    table: &Table,
    rows: Vec<(&Vec<String>, Option<Image>)>,
) -> Result<(), DatabaseError> {
    let mut present = Vec::new();
    let mut absent = Vec::new();
    for (key, image) in rows {
        match image {
            Some(image) => present.push(image),
            None => absent.push(key.iter().cloned().map(Some).collect()),
        }
    }
    // Deletes first: what they leave free, an insert may take.
    if !absent.is_empty() {
        run(
            secondary,
            side,
            sql::delete_rows(table),
            by_column(absent, table.key.len()),
        )
        .await?;
    }
    if !present.is_empty() {
        let width = table.written_columns().count();
        run(
            secondary,
            side,
            sql::upsert_rows(table),
            by_column(present, width),
        )
        .await?;
    }
    Ok(())
}

async fn delete_all_but(
    secondary: &mut AsyncPgConnection,
    side: Side,
    table: &Table,
    kept: Vec<Image>,
) -> Result<(), DatabaseError> {
    run(
        secondary,
        side,
        sql::delete_all_rows_but(table),
        by_column(kept, table.key.len()),
    )
    .await
}

async fn run(
    connection: &mut AsyncPgConnection,
    side: Side,
    sql: String,
    columns: Vec<Vec<Option<String>>>,
) -> Result<(), DatabaseError> {
    let statement = columns.into_iter().fold(Statement::new(sql), Statement::texts);
    statement
        .execute(connection)
        .await
        .map_err(DatabaseError::statement(side))?;
    Ok(())
}

/// Rows turned into columns, as `unnest` takes them.
fn by_column(rows: Vec<Image>, width: usize) -> Vec<Vec<Option<String>>> {
    let mut columns: Vec<Vec<Option<String>>> = (0..width).map(|_| Vec::with_capacity(rows.len())).collect();
    for row in rows {
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value);
        }
    }
    columns
}
