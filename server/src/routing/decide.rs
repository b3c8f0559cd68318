//! What the rules say of a request, as the log of the story tells it, and what can go wrong on its way.

use crate::databases::DatabaseError;
use crate::flags::{RequestContext, Route};

/// Why a read or a write was not done. `E` is the error of the caller's own code.
#[derive(Debug, thiserror::Error)]
pub enum RouteError<E> {
    /// The database that had to answer could not be reached; nothing was done.
    #[error(transparent)]
    Unavailable(DatabaseError),
    /// The primary broke off while it committed: the write may or may not have been done.
    #[error(
        "the connection was lost while the write was being committed, so it may or may not have been done"
    )]
    Uncertain(#[source] DatabaseError),
    /// The caller's code failed, and its transaction was rolled back.
    #[error("the request failed")]
    Work(E),
}

/// One line a fact, in the words of the team that this began with. Only at debug level.
pub(super) fn log_decision(context: &RequestContext, route: Route) {
    log::debug!("User context: {context}");
    log::debug!("Write to old DB: true");
    log::debug!("Write to new DB: {}", route.write);
    log::debug!("Read from old DB: true");
    log::debug!("Read from new DB: {}", route.read);
}
