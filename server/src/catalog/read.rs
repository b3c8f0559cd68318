//! Reads tables from the catalog of either side and remembers them until they are seen to have changed.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use diesel_async::AsyncPgConnection;
use serde::Deserialize;

use crate::databases::{DatabaseError, Databases, Side, Statement};

use super::{Column, Generated, Table};

/// Tables by side and name, read once and kept.
#[derive(Clone, Default)]
pub struct Catalog {
    known: Arc<RwLock<HashMap<(Side, String, String), Arc<Table>>>>,
}

/// Why a table cannot be described.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// There is no such table.
    #[error("there is no table {schema}.{name} in the {side} database")]
    UnknownTable {
        /// Where it was looked for.
        side: Side,
        /// The schema asked for.
        schema: String,
        /// The name asked for.
        name: String,
    },
    /// The catalog could not be asked.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The catalog answered with something else than we asked for.
    #[error("the catalog of the {side} database gave an answer that cannot be read")]
    Unreadable {
        /// Which database.
        side: Side,
        /// What did not fit.
        #[source]
        source: serde_json::Error,
    },
}

impl Catalog {
    /// The table of this name on `side`, from memory where it is known.
    pub async fn table(
        &self,
        databases: &Databases,
        side: Side,
        schema: &str,
        name: &str,
    ) -> Result<Arc<Table>, CatalogError> {
        let key = (side, schema.to_owned(), name.to_owned());
        let known = self
            .known
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
            .cloned();
        if let Some(table) = known {
            return Ok(table);
        }
        let mut connection = databases.mirror_session(side).await?;
        let table = Arc::new(read_table(&mut connection, side, schema, name).await?);
        self.known
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key, table.clone());
        Ok(table)
    }

    /// Forgets one table, because a statement showed that its shape has changed.
    pub fn forget(&self, schema: &str, name: &str) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(_, known_schema, known_name), _| known_schema != schema || known_name != name);
    }
}

/// The names, as (schema, table), of all permanent tables of the user's on the connection's side.
pub async fn read_table_names(
    connection: &mut AsyncPgConnection,
    side: Side,
) -> Result<Vec<(String, String)>, CatalogError> {
    let rows = Statement::new(include_str!("tables.sql"))
        .texts_of_rows(connection)
        .await
        .map_err(DatabaseError::statement(side))?;
    rows.iter()
        .flatten()
        .map(|row| serde_json::from_str(row).map_err(|source| CatalogError::Unreadable { side, source }))
        .collect()
}

/// One table as the catalog has it now.
pub async fn read_table(
    connection: &mut AsyncPgConnection,
    side: Side,
    schema: &str,
    name: &str,
) -> Result<Table, CatalogError> {
    let row = Statement::new(include_str!("table.sql"))
        .text(Some(schema.to_owned()))
        .text(Some(name.to_owned()))
        .texts_of_rows(connection)
        .await
        .map_err(DatabaseError::statement(side))?
        .into_iter()
        .flatten()
        .next()
        .ok_or_else(|| CatalogError::UnknownTable {
            side,
            schema: schema.to_owned(),
            name: name.to_owned(),
        })?;
    let row: TableRow =
        serde_json::from_str(&row).map_err(|source| CatalogError::Unreadable { side, source })?;
    Ok(row.into_table(schema, name))
}

#[derive(Deserialize)]
struct TableRow {
    oid: u32,
    shape: String,
    columns: Option<Vec<ColumnRow>>,
    key: Option<Vec<KeyRow>>,
}

#[derive(Deserialize)]
struct KeyRow {
    name: String,
    equality: String,
}

#[derive(Deserialize)]
struct ColumnRow {
    name: String,
    type_name: String,
    bare_type_name: String,
    not_null: bool,
    has_default: bool,
    generated: String,
    identity: String,
    text_is_identity: bool,
}

impl TableRow {
    fn into_table(self, schema: &str, name: &str) -> Table {
        let mut columns: Vec<Column> = self
            .columns
            .unwrap_or_default()
            .into_iter()
            .map(ColumnRow::into_column)
            .collect();
        let mut key = Vec::new();
        for part in self.key.unwrap_or_default() {
            if let Some(position) = columns.iter().position(|column| column.name == part.name) {
                columns[position].equality = Some(part.equality);
                key.push(position);
            }
        }
        Table {
            oid: self.oid,
            schema: schema.to_owned(),
            name: name.to_owned(),
            key,
            columns,
            shape: self.shape,
        }
    }
}

impl ColumnRow {
    fn into_column(self) -> Column {
        let generated = match (self.generated.as_str(), self.identity.as_str()) {
            ("", "a") => Generated::AlwaysIdentity,
            ("", "d") => Generated::DefaultIdentity,
            ("", _) => Generated::No,
            _ => Generated::Expression,
        };
        Column {
            name: self.name,
            type_name: self.type_name,
            bare_type_name: self.bare_type_name,
            not_null: self.not_null,
            has_default: self.has_default,
            generated,
            equality: None,
            text_is_identity: self.text_is_identity,
        }
    }
}
