//! The protocol: make the secondary's rows of a set of keys equal to the primary's.
//!
//! On the secondary begin and lock each key; then, in one statement a table, read the keys' rows on the primary;
//! make the secondary equal; commit. Only then may the entries be dropped, by whoever loaded them before this
//! began. It carries state, not statements: doing it twice, late or in any order ends the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use diesel::sql_types::{Array, BigInt, Nullable, Text};
use diesel_async::AsyncPgConnection;

use crate::catalog::{Catalog, CatalogError, Table};
use crate::databases::{
    Connection, DatabaseError, Databases, Image, Side, Statement, Step, begin, commit, roll_back,
};

use super::apply::{Applied, Rows, apply, delete_all_rows_but, keys_in_conflict};
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
    /// Each attempt found the table's shape or the holders of its unique values changed.
    #[error(
        "rows of {table} could not be mirrored in {ATTEMPTS} attempts: its shape or its unique values keep changing"
    )]
    Unsettled {
        /// The table.
        table: String,
    },
    /// Rows can only be made equal by deleting them first, which is harmless only in a replica's role.
    #[error(
        "rows of {table} exchange unique values, or have an identity outside their key; to mirror that, the role \
         that Crossfade signs in with needs leave to hold back the table's triggers on the {secondary} database: \
         grant set on parameter session_replication_role to <role>"
    )]
    ReplicaRole {
        /// The table.
        table: String,
        /// Where the leave is missing.
        secondary: Side,
    },
    /// More and more rows would have to change together.
    #[error("rows of {table} are in conflict with more than {MOST_KEYS} others over unique values")]
    Entangled {
        /// The table.
        table: String,
    },
}

/// Mirrors these keys of a table, whatever the journal says of them, and leaves the journal as it is. Keys are
/// texts as the journal has them, in the key's order.
pub async fn mirror_keys(
    databases: &Databases,
    catalog: &Catalog,
    primary: Side,
    table: &Table,
    keys: &[Vec<String>],
) -> Result<(), MirrorError> {
    let entry = Entry {
        id: 0,
        transaction: 0,
        schema: table.schema.clone(),
        table: table.name.clone(),
        keys: Some(keys.to_vec()),
        droppable: false,
    };
    let mirror = Mirror {
        databases: databases.clone(),
        catalog: catalog.clone(),
        primary,
    };
    let mut connection = databases.mirror_session(primary).await?;
    mirror.mirror(&mut connection, std::slice::from_ref(&entry)).await
}

impl MirrorError {
    /// True when a database is out of reach, so that trying other keys is of no use.
    pub fn is_unreachable(&self) -> bool {
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
    /// Their rows are deleted before any is written, because they exchange unique values.
    replace: bool,
}

/// How an attempt ended, if not by an error.
enum Attempt {
    Done,
    /// This table is not of the shape we knew.
    Stale(Arc<Table>),
    /// Other rows of the table at this place in the work hold unique values that these images need.
    Conflict(usize, Vec<Image>),
}

/// A secondary that is silent for this long in one attempt is taken for gone.
const ATTEMPT_TIMEOUT: Duration = Duration::from_mins(1);

/// How often one set of keys is tried: each time after a table's shape was read again, or after keys in
/// conflict were taken along.
const ATTEMPTS: usize = 12;

/// Keys of one table that one transaction may come to hold.
const MOST_KEYS: usize = 5_000;

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
        let mut work = self.work(entries).await?;
        let mut last = String::new();
        for _ in 0..ATTEMPTS {
            match self.bounded_attempt(primary, &work).await? {
                Attempt::Done => return Ok(()),
                Attempt::Stale(table) => {
                    self.catalog.forget(&table.schema, &table.name);
                    last = table.quoted();
                    work = self.work(entries).await?;
                }
                Attempt::Conflict(place, images) => {
                    let Some(work) = work.get_mut(place) else { break };
                    last = work.table.quoted();
                    work.replace = true;
                    work.keys
                        .extend(self.keys_in_conflict(&work.table, &images).await?);
                    if work.keys.len() > MOST_KEYS {
                        return Err(MirrorError::Entangled { table: last });
                    }
                }
            }
        }
        Err(MirrorError::Unsettled { table: last })
    }

    /// Sorts entries by table. A table that is gone from the primary has no rows to carry over.
    async fn work(&self, entries: &[Entry]) -> Result<Vec<Work>, MirrorError> {
        let mut tables: BTreeMap<(&str, &str), (bool, BTreeSet<Vec<String>>)> = BTreeMap::new();
        for entry in entries {
            let (whole, keys) = tables.entry((&entry.schema, &entry.table)).or_default();
            match &entry.keys {
                Some(changed) => keys.extend(changed.iter().cloned()),
                None => *whole = true,
            }
        }
        let side = self.primary;
        let mut work = Vec::with_capacity(tables.len());
        for ((schema, name), (whole, keys)) in tables {
            match self.catalog.table(&self.databases, side, schema, name).await {
                Ok(table) => work.push(Work {
                    replace: table.needs_replacing(),
                    table,
                    whole,
                    keys,
                }),
                Err(CatalogError::UnknownTable { .. }) => {
                    log::warn!("table {schema}.{name} is gone from the {side} database; its changes with it");
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(work)
    }

    /// One attempt, after which the secondary is never waited for.
    async fn bounded_attempt(
        &self,
        primary: &mut AsyncPgConnection,
        work: &[Work],
    ) -> Result<Attempt, MirrorError> {
        let side = self.primary.other();
        let mut secondary = self.databases.mirror_session(side).await?;
        let attempt = self.attempt(primary, &mut secondary, work);
        if let Ok(outcome) = tokio::time::timeout(ATTEMPT_TIMEOUT, attempt).await {
            return outcome;
        }
        drop(Connection::take(secondary));
        Err(DatabaseError::Timeout {
            side,
            waited_ms: ATTEMPT_TIMEOUT.as_millis(),
        }
        .into())
    }

    /// One attempt in one transaction on the secondary.
    async fn attempt(
        &self,
        primary: &mut AsyncPgConnection,
        secondary: &mut AsyncPgConnection,
        work: &[Work],
    ) -> Result<Attempt, MirrorError> {
        let side = self.primary.other();
        if let Some(work) = work.iter().find(|work| work.replace)
            && !may_replace(secondary, side).await?
        {
            return Err(MirrorError::ReplicaRole {
                table: work.table.quoted(),
                secondary: side,
            });
        }
        begin(secondary, side).await?;
        let outcome = self.lock_read_apply(primary, secondary, work).await;
        if let Ok(Attempt::Done) = outcome {
            self.databases.step(Step::Applied).await;
            commit(secondary, side).await?;
            self.databases.step(Step::Mirrored).await;
        } else {
            roll_back(secondary, side).await;
        }
        outcome
    }

    async fn lock_read_apply(
        &self,
        primary: &mut AsyncPgConnection,
        secondary: &mut AsyncPgConnection,
        work: &[Work],
    ) -> Result<Attempt, MirrorError> {
        let side = self.primary.other();
        let mut locks = Locks::default();
        for Work {
            table, whole, keys, ..
        } in work
        {
            if *whole {
                locks.add_table(table);
            }
            locks.add_keys(table, keys.iter());
        }
        locks.take(secondary, side).await?;
        self.databases.step(Step::Locked).await;
        for (
            place,
            Work {
                table,
                whole,
                keys,
                replace,
            },
        ) in work.iter().enumerate()
        {
            if *whole {
                let kept = self.read_all_keys(primary, table).await?;
                self.databases.step(Step::Fetched).await;
                delete_all_rows_but(secondary, side, table, kept).await?;
            }
            if keys.is_empty() {
                continue;
            }
            let Some(rows) = self.read_rows(primary, table, keys).await? else {
                return Ok(Attempt::Stale(table.clone()));
            };
            self.databases.step(Step::Fetched).await;
            if let Applied::Conflict(images) = apply(secondary, side, table, rows, *replace).await? {
                return Ok(Attempt::Conflict(place, images));
            }
        }
        Ok(Attempt::Done)
    }

    async fn keys_in_conflict(
        &self,
        table: &Table,
        images: &[Image],
    ) -> Result<Vec<Vec<String>>, DatabaseError> {
        let side = self.primary.other();
        let mut secondary = self.databases.mirror_session(side).await?;
        keys_in_conflict(&mut secondary, side, table, images).await
    }

    /// The current row of each key, or nothing if the table is no longer of the shape we know.
    async fn read_rows(
        &self,
        primary: &mut AsyncPgConnection,
        table: &Table,
        keys: &BTreeSet<Vec<String>>,
    ) -> Result<Option<Rows>, MirrorError> {
        type Columns = (BigInt, Nullable<Text>, Nullable<Array<Nullable<Text>>>);
        let keys: Vec<&Vec<String>> = keys.iter().collect();
        let mut statement = Statement::new(sql::read_rows(table));
        for part in 0..table.key.len() {
            statement = statement.texts(keys.iter().map(|key| key.get(part).cloned()).collect());
        }
        let rows = statement
            .rows::<Columns, (i64, Option<String>, Option<Image>)>(primary)
            .await;
        let read = match rows {
            Ok(read) => read,
            Err(error) => {
                // A column that was dropped or renamed fails here; what we know of the table may be stale.
                self.catalog.forget(&table.schema, &table.name);
                return Err(DatabaseError::statement(self.primary)(error).into());
            }
        };
        let mut rows = Rows::default();
        for (place, shape, image) in read {
            if shape.as_ref() != Some(&table.shape) {
                return Ok(None);
            }
            let key = usize::try_from(place - 1).ok().and_then(|at| keys.get(at));
            rows.keys
                .extend(key.map(|key| key.iter().cloned().map(Some).collect::<Image>()));
            match image {
                Some(image) => rows.present.push(image),
                None => rows.absent.extend(rows.keys.last().cloned()),
            }
        }
        Ok(Some(rows))
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

/// Deleting a row to write it again is harmless only while foreign keys and triggers are held back.
async fn may_replace(secondary: &mut AsyncPgConnection, side: Side) -> Result<bool, DatabaseError> {
    Statement::new("select current_setting('session_replication_role') = 'replica'")
        .one_bool(secondary)
        .await
        .map_err(DatabaseError::statement(side))
}
