//! What can go wrong while the primary changes.

use crate::databases::{DatabaseError, Side};
use crate::sync::UnreadableState;
use crate::sync::journal::InstallError;

/// Why the primary could not be changed, or found.
#[derive(Debug, thiserror::Error)]
pub enum HandoverError {
    /// The record could not be read.
    #[error(transparent)]
    State(#[from] UnreadableState),
    /// A database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The fence could not be put in its place.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// Others hold locks.
    #[error("the tables of the {side} database could not be locked for a moment")]
    Busy {
        /// Where.
        side: Side,
        /// PostgreSQL's word.
        #[source]
        source: DatabaseError,
    },
    /// The record of the side that is to be the primary is not there.
    #[error(
        "the {side} database has lost its part of the migration's record: epoch {epoch} has begun on the other one, \
         and cannot be finished here"
    )]
    NoRecord {
        /// Where it is missing.
        side: Side,
        /// The epoch that has begun.
        epoch: i64,
    },
    /// Somebody else changed the epoch first.
    #[error("epoch {expected} was to end on the {side} database, but it is in epoch {found}")]
    Overtaken {
        /// Which database.
        side: Side,
        /// The epoch that was to end.
        expected: i64,
        /// What its record says.
        found: i64,
    },
    /// A sequence cannot be carried over.
    #[error("sequence {sequence} is not in the {side} database, or has no room left there")]
    Sequence {
        /// The sequence.
        sequence: String,
        /// Where it should be.
        side: Side,
    },
}
