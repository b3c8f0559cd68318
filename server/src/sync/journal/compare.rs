//! Compares keys under their locks: with no mirror under way for them and nothing of theirs in the journal, what
//! differs there differs for good.

use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};

use crate::catalog::Table;
use crate::databases::{DatabaseError, Databases, Image, Side, Statement, begin, roll_back};

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
    let compared = compare(&mut on_primary, &mut on_secondary, primary, table, keys).await;
    roll_back(&mut on_secondary, secondary).await;
    compared
}

async fn compare(
    on_primary: &mut AsyncPgConnection,
    on_secondary: &mut AsyncPgConnection,
    primary: Side,
    table: &Table,
    keys: &[Vec<String>],
) -> Result<Vec<Compared>, DatabaseError> {
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
    let of_secondary = read_images(on_secondary, secondary, sql::read_images(table), table, keys).await?;
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
    Ok(compared)
}

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
