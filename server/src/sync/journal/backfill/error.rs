//! Why a copy stopped.

use crate::catalog::CatalogError;
use crate::databases::{DatabaseError, Side};

/// Why the copy stopped. The chunks that were copied stay; running it again goes on with the others.
#[derive(Debug, thiserror::Error)]
pub enum BackfillError {
    /// The secondary has no such table, or one of another shape.
    #[error(
        "table {table} differs in its columns on the {secondary} database; copy the schema first: \
         pg_dump --schema-only of old into new"
    )]
    Schema {
        /// The table.
        table: String,
        /// Where it differs.
        secondary: Side,
    },
    /// Rows are in the way that were not copied from here, and to delete them would fire triggers and foreign keys.
    #[error(
        "table {table} holds rows on the {secondary} database that must make room for its copy; empty it there, or \
         let the role that Crossfade signs in with do it: \
         grant set on parameter session_replication_role to <role>"
    )]
    Occupied {
        /// The table.
        table: String,
        /// Where the rows are.
        secondary: Side,
    },
    /// Someone else is copying.
    #[error(
        "existing rows are being copied already, by another process (see pg_stat_activity on the {primary} database)"
    )]
    Running {
        /// Where that is known.
        primary: Side,
    },
    /// Someone has begun the copy anew meanwhile.
    #[error("the copy of table {table} was begun anew meanwhile, so that this one was ended")]
    Superseded {
        /// The table.
        table: String,
    },
    /// A table could not be described.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A statement of the copy failed, or the stream between the two databases broke.
    #[error("copying table {table} broke off")]
    Copy {
        /// The table.
        table: String,
        /// The driver's reason.
        #[source]
        source: tokio_postgres::Error,
    },
    /// A statement on the copy's own records failed.
    #[error("the records of the copy on the {side} database cannot be read or written")]
    Record {
        /// Where they are.
        side: Side,
        /// The driver's reason.
        #[source]
        source: tokio_postgres::Error,
    },
}

impl BackfillError {
    /// For `map_err`: what failed in copying this table.
    pub(super) fn copy(table: &crate::catalog::Table) -> impl Fn(tokio_postgres::Error) -> Self {
        move |source| Self::Copy {
            table: table.quoted(),
            source,
        }
    }

    /// For `map_err`: what failed in the records on `side`.
    pub(super) fn record(side: Side) -> impl Fn(tokio_postgres::Error) -> Self {
        move |source| Self::Record { side, source }
    }

    /// True where a database was out of reach for a moment, so that the same may go well when it is tried again.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Database(error) | Self::Catalog(CatalogError::Database(error)) => error.is_unreachable(),
            Self::Copy { source, .. } | Self::Record { source, .. } => is_lost(source),
            _ => false,
        }
    }
}

/// True for the errors that say "the connection is gone", not "the statement is wrong": without a SQLSTATE, or with
/// one of a server that ends or begins.
fn is_lost(error: &tokio_postgres::Error) -> bool {
    error
        .code()
        .is_none_or(|state| state.code().starts_with("08") || state.code().starts_with("57P"))
}
