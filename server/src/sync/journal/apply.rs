//! Makes rows of one table on the secondary equal to images read on the primary.

use diesel::result::{DatabaseErrorKind, Error};
use diesel::sql_types::{Array, Nullable, Text};
use diesel_async::AsyncPgConnection;
use serde::Deserialize;

use crate::catalog::Table;
use crate::databases::{DatabaseError, Image, Side, Statement};

use super::sql::{self, UniqueIndex};

/// What the primary says of some keys.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// All the keys asked for.
    pub(super) keys: Vec<Image>,
    /// The images of those that have a row.
    pub(super) present: Vec<Image>,
    /// Those that have none.
    pub(super) absent: Vec<Image>,
}

/// How applying ended.
pub(super) enum Applied {
    /// The secondary's rows are equal.
    All,
    /// Other rows hold values that must be unique and that these images need; the transaction has failed. They
    /// have changed on the primary too, or could not be in the images' way there.
    Conflict(Vec<Image>),
}

/// Applies the rows; with `replace`, all of them are deleted before any is written, so that they can exchange
/// unique values.
pub(super) async fn apply(
    secondary: &mut AsyncPgConnection,
    side: Side,
    table: &Table,
    rows: Rows,
    replace: bool,
) -> Result<Applied, DatabaseError> {
    let failed = || DatabaseError::statement(side);
    // Deletes first: what they leave free, a write may take.
    let deleted = if replace { rows.keys } else { rows.absent };
    if !deleted.is_empty() {
        let columns = by_column(&deleted, table.key.len());
        run(secondary, sql::delete_rows(table), columns)
            .await
            .map_err(failed())?;
    }
    if rows.present.is_empty() {
        return Ok(Applied::All);
    }
    let columns = by_column(&rows.present, table.written_columns().count());
    match run(secondary, sql::upsert_rows(table), columns).await {
        Ok(()) => Ok(Applied::All),
        Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => {
            Ok(Applied::Conflict(rows.present))
        }
        Err(error) => Err(failed()(error)),
    }
}

/// Deletes every row but those of the keys given.
pub(super) async fn delete_all_rows_but(
    secondary: &mut AsyncPgConnection,
    side: Side,
    table: &Table,
    kept: Vec<Image>,
) -> Result<(), DatabaseError> {
    run(
        secondary,
        sql::delete_all_rows_but(table),
        by_column(&kept, table.key.len()),
    )
    .await
    .map_err(DatabaseError::statement(side))
}

/// The keys of rows on the secondary that hold, in any unique index, a value that the images need.
pub(super) async fn keys_in_conflict(
    secondary: &mut AsyncPgConnection,
    side: Side,
    table: &Table,
    images: &[Image],
) -> Result<Vec<Vec<String>>, DatabaseError> {
    let failed = || DatabaseError::statement(side);
    let indexes = Statement::new(include_str!("unique_indexes.sql"))
        .text(Some(table.schema.clone()))
        .text(Some(table.name.clone()))
        .texts_of_rows(secondary)
        .await
        .map_err(failed())?;
    let columns = by_column(images, table.written_columns().count());
    let mut keys = Vec::new();
    for index in indexes.iter().flatten() {
        let Ok(index) = serde_json::from_str::<UniqueIndexRow>(index) else {
            continue;
        };
        let index = UniqueIndex {
            expressions: index
                .expressions
                .into_iter()
                .map(|part| (part.expression, part.equality))
                .collect(),
            predicate: index.predicate,
        };
        let statement = Statement::new(sql::rows_in_conflict(table, &index));
        let found = columns
            .iter()
            .cloned()
            .fold(statement, Statement::texts)
            .rows::<Array<Nullable<Text>>, Image>(secondary)
            .await
            .map_err(failed())?;
        keys.extend(
            found
                .into_iter()
                .map(|key| key.into_iter().map(Option::unwrap_or_default).collect()),
        );
    }
    Ok(keys)
}

#[derive(Deserialize)]
struct UniqueIndexRow {
    expressions: Vec<IndexPart>,
    predicate: Option<String>,
}

#[derive(Deserialize)]
struct IndexPart {
    expression: String,
    equality: String,
}

async fn run(
    connection: &mut AsyncPgConnection,
    sql: String,
    columns: Vec<Vec<Option<String>>>,
) -> Result<(), Error> {
    let statement = columns.into_iter().fold(Statement::new(sql), Statement::texts);
    statement.execute(connection).await?;
    Ok(())
}

/// Rows turned into columns, as `unnest` takes them.
fn by_column(rows: &[Image], width: usize) -> Vec<Vec<Option<String>>> {
    (0..width)
        .map(|column| {
            rows.iter()
                .map(|row| row.get(column).cloned().flatten())
                .collect()
        })
        .collect()
}
