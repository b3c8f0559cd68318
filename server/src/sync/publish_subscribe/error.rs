//! What can go wrong with publishing and subscribing, and what to do about it.

use std::time::Duration;

use tokio_postgres::error::SqlState;

use crate::catalog::CatalogError;
use crate::databases::{DatabaseError, Side};

/// Why a step of the transport failed. Each step can be done again.
#[derive(Debug, thiserror::Error)]
pub enum PublishSubscribeError {
    /// A database could not be reached.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The tables could not be listed.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A statement failed.
    #[error("cannot {doing} on the {side} database")]
    Statement {
        /// What was being done, as in "cannot …".
        doing: &'static str,
        /// Which database.
        side: Side,
        /// What PostgreSQL said.
        source: tokio_postgres::Error,
    },
    /// Every replication slot of the publisher is taken.
    #[error(
        "the {side} server has no replication slot left (max_replication_slots is {limit}); drop one that nobody uses \
         ({idle}), or: alter system set max_replication_slots = {}; and restart it", limit + 4
    )]
    NoSlotLeft {
        /// The publisher.
        side: Side,
        /// How many it may have.
        limit: i32,
        /// Those that are not active.
        idle: String,
    },
    /// `wal_level` is not `logical`.
    #[error(
        "the {side} server does not write enough log to publish: alter system set wal_level = 'logical'; and restart it"
    )]
    NotLogical {
        /// The publisher.
        side: Side,
    },
    /// The slot is not there.
    #[error("there is no replication slot {slot} on the {side} server; end the transport and start it again")]
    NoSlot {
        /// The publisher.
        side: Side,
        /// Its name.
        slot: String,
    },
    /// The subscriber has not applied what was asked for.
    #[error("the {side} database has not applied everything within {} ms", waited.as_millis())]
    Behind {
        /// The subscriber.
        side: Side,
        /// How long it was waited for.
        waited: Duration,
    },
    /// A database answered with something else than was asked for.
    #[error("what the {side} database says of replication cannot be read")]
    Unreadable {
        /// Which database.
        side: Side,
        /// What did not fit.
        #[source]
        source: serde_json::Error,
    },
}

impl PublishSubscribeError {
    pub(super) fn statement(doing: &'static str, side: Side) -> impl FnOnce(tokio_postgres::Error) -> Self {
        move |source| Self::Statement { doing, side, source }
    }

    /// The code that PostgreSQL gave.
    pub(super) fn code(&self) -> Option<&SqlState> {
        match self {
            Self::Statement { source, .. } => source.code(),
            _ => None,
        }
    }

    /// The side that could not be reached, where that is why.
    #[must_use]
    pub fn unreachable(&self) -> Option<Side> {
        match self {
            Self::Database(error) if error.is_unreachable() => Some(error.side()),
            Self::Statement { side, source, .. } if source.is_closed() || source.code().is_none() => {
                Some(*side)
            }
            _ => None,
        }
    }
}
