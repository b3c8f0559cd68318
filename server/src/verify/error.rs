//! Why a verification or a repair broke off.

use crate::catalog::CatalogError;
use crate::databases::DatabaseError;

/// Why a verification or a repair broke off. What was verified is kept; a verification can go on from there.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// A database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A table could not be described.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// What a database says of the order of a table's keys could not be understood.
    #[error("the order of the keys of {table} cannot be read")]
    KeyOrder {
        /// The table.
        table: String,
        /// What did not fit.
        #[source]
        source: serde_json::Error,
    },
    /// The record on the primary was written by another version.
    #[error("the record in crossfade.verification is not one that this version wrote; verify afresh")]
    Record(#[source] serde_json::Error),
    /// Another verification has taken this one's place.
    #[error("another verification was begun meanwhile, so that this one was ended")]
    Superseded,
}
