//! Compares keys under their locks: with no mirror under way for them and nothing of theirs in the journal, what
//! differs there differs for good.

use std::time::Duration;

use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};

use crate::catalog::Table;
use crate::databases::{DatabaseError, Databases, Image, Side, Statement, begin, roll_back};

use super::super::publish_subscribe::{Direction, drained, publishes};
use super::locks::Locks;
use super::sql;

/// One key on both sides, as a mirror would have found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// The key's values as text, in the key's order.
    pub key: Vec<String>,
    /// The primary's row, if there is one: its written columns in their order.
    pub primary: Option<Image>,
    /// The secondary's.
    pub secondary: Option<Image>,
    /// True where the journal still holds a change of this key, so that the secondary may rightly differ.
    pub pending: bool,
}

/// A mirror may hold a key's lock for this long before a comparison gives up.
const TIMEOUTS: &str = "set local lock_timeout = '30s'; set local statement_timeout = '60s'";

/// Compares these keys. The locks come first and the primary's rows are read after them, in one statement with the
/// journal: so what the secondary holds was read on the primary before, and every change since is pending. Writers
/// that wait for a mirror of these keys wait for this too; give it few keys at a time.
pub async fn compare_keys(
    databases: &Databases,
    primary: Side,
    table: &Table,
    keys: &[Vec<String>],
) -> Result<Vec<Compared>, DatabaseError> {
    let secondary = primary.other();
    let mut on_primary = databases.mirror_session(primary).await?;
    let mut on_secondary = databases.mirror_session(secondary).await?;
    begin(&mut on_secondary, secondary).await?;
    let between = Between { databases, primary };
    let compared = compare(&mut on_primary, &mut on_secondary, between, table, keys).await;
    roll_back(&mut on_secondary, secondary).await;
    compared
}

/// Which databases are compared.
#[derive(Clone, Copy)]
struct Between<'a> {
    databases: &'a Databases,
    primary: Side,
}

async fn compare(
    on_primary: &mut AsyncPgConnection,
    on_secondary: &mut AsyncPgConnection,
    between: Between<'_>,
    table: &Table,
    keys: &[Vec<String>],
) -> Result<Vec<Compared>, DatabaseError> {
    let Between { databases, primary } = between;
    let secondary = primary.other();
    on_secondary
        .batch_execute(TIMEOUTS)
        .await
        .map_err(DatabaseError::statement(secondary))?;
    let mut locks = Locks::default();
    locks.add_keys(table, keys.iter());
    locks.take(on_secondary, secondary).await?;

    let captured = Statement::new("select to_regclass('crossfade.journal') is not null")
        .one_bool(on_primary)
        .await
        .map_err(DatabaseError::statement(primary))?;
    let read = if captured {
        sql::read_images_and_pending(table)
    } else {
        sql::read_images(table)
    };
    let of_primary = read_images(on_primary, primary, read, table, keys).await?;
    // Where the primary publishes instead, the secondary must have applied what was read there, and what has changed there
    // since is on its way again.
    let direction = Direction::from_primary(primary);
    let published = publishes(databases, direction).await?;
    let arrived = !published || drained(databases, direction, ARRIVAL).await.is_ok();
    let of_secondary = read_images(on_secondary, secondary, sql::read_images(table), table, keys).await?;
    let of_primary_since = if published {
        read_images(on_primary, primary, sql::read_images(table), table, keys).await?
    } else {
        Vec::new()
    };
    let mut compared: Vec<Compared> = keys
        .iter()
        .map(|key| Compared {
            key: key.clone(),
            primary: None,
            secondary: None,
            pending: false,
        })
        .collect();
    let at = |place: i64| usize::try_from(place - 1).unwrap_or(usize::MAX);
    for (place, image, pending) in of_primary {
        if let Some(compared) = compared.get_mut(at(place)) {
            (compared.primary, compared.pending) = (image, pending);
        }
    }
    for (place, image, _) in of_secondary {
        if let Some(compared) = compared.get_mut(at(place)) {
            compared.secondary = image;
        }
    }
    for (place, image, _) in of_primary_since {
        if let Some(compared) = compared.get_mut(at(place)) {
            compared.pending = !arrived || compared.primary != image;
        }
    }
    Ok(compared)
}

/// A stream that has not come by then is not taken for different, but for under way.
const ARRIVAL: Duration = Duration::from_secs(30);

type ImageRow = (i64, Option<Image>, bool);

async fn read_images(
    connection: &mut AsyncPgConnection,
    side: Side,
    sql: String,
    table: &Table,
    keys: &[Vec<String>],
) -> Result<Vec<ImageRow>, DatabaseError> {
    type Columns = (BigInt, Nullable<Array<Nullable<Text>>>, Bool);
    let statement = (0..table.key.len()).fold(Statement::new(sql), |statement, part| {
        statement.texts(keys.iter().map(|key| key.get(part).cloned()).collect())
    });
    statement
        .rows::<Columns, ImageRow>(connection)
        .await
        .map_err(DatabaseError::statement(side))
}
