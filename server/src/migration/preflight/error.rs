//! Why the databases could not be looked at.

use crate::databases::{DatabaseError, Side};
use crate::sync::UnreadableState;

/// Why a preflight has no answer. What it finds wrong is no error but its answer.
#[derive(Debug, thiserror::Error)]
pub enum PreflightError {
    /// A database could not be reached or asked.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The migration's record could not be read.
    #[error(transparent)]
    State(#[from] UnreadableState),
    /// A database answered with something else than was asked for.
    #[error("the check of {check} cannot read what the {side} database answered")]
    Unreadable {
        /// The check.
        check: &'static str,
        /// Which database.
        side: Side,
        /// What did not fit.
        #[source]
        source: serde_json::Error,
    },
}
