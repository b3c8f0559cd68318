//! Whether a table's rows may travel in PostgreSQL's binary form.

use tokio_postgres::Client;

use crate::catalog::Table;

use super::BackfillError;

/// How rows travel. Either form is exact; binary is cheaper for both databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// As the types' send and receive functions write them.
    Binary,
    /// As text, where a type has no binary form, or one that names things by numbers that differ between databases:
    /// `regclass` and its like, arrays and records of the user's own types.
    Text,
}

impl Format {
    /// The form for this table, as the primary knows its types.
    pub(super) async fn of(primary: &Client, table: &Table) -> Result<Self, BackfillError> {
        let is_binary = primary
            .query_one(include_str!("binary_types.sql"), &[&table.oid])
            .await
            .map_err(BackfillError::copy(table))?;
        Ok(if is_binary.get(0) {
            Self::Binary
        } else {
            Self::Text
        })
    }

    /// As `COPY` names it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Text => "text",
        }
    }
}
