//! What can go wrong between us and a database, with the side it went wrong on.

use diesel_async::pooled_connection::deadpool::PoolError;

use super::Side;

/// A failure to reach a database or to run a statement there.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// No connection was to be had within the time allowed.
    #[error("cannot connect to the {side} database")]
    Connect {
        /// Which database.
        side: Side,
        /// The pool's or the driver's reason.
        #[source]
        source: Box<PoolError>,
    },
    /// A statement failed there.
    #[error("a statement failed on the {side} database")]
    Statement {
        /// Which database.
        side: Side,
        /// PostgreSQL's or the driver's reason.
        #[source]
        source: diesel::result::Error,
    },
    /// It ceased to be the primary, and so did every other that was asked in its place.
    #[error("the primary has changed too often during one request; it was the {side} database last")]
    Unsettled {
        /// Which database was asked last.
        side: Side,
    },
    /// The database did not answer within the time allowed.
    #[error("the {side} database did not answer within {waited_ms} ms")]
    Timeout {
        /// Which database.
        side: Side,
        /// How long we waited.
        waited_ms: u128,
    },
}

impl DatabaseError {
    /// For `map_err`: a statement's failure on `side`.
    pub fn statement(side: Side) -> impl FnOnce(diesel::result::Error) -> Self {
        move |source| Self::Statement { side, source }
    }

    /// Which database failed.
    #[must_use]
    pub fn side(&self) -> Side {
        match self {
            Self::Connect { side, .. }
            | Self::Statement { side, .. }
            | Self::Unsettled { side }
            | Self::Timeout { side, .. } => *side,
        }
    }

    /// True when the database itself is out of reach, rather than refusing what it was asked: another
    /// connection or the other database may well answer.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        match self {
            Self::Connect { .. } | Self::Timeout { .. } | Self::Unsettled { .. } => true,
            Self::Statement { source, .. } => connection_is_lost(source),
        }
    }
}

/// True for the errors that say "the connection is gone", not "the statement is wrong". The driver keeps no
/// SQLSTATE for a server that is shutting down, so its two messages are known here by their text.
pub(crate) fn connection_is_lost(error: &diesel::result::Error) -> bool {
    use diesel::result::{DatabaseErrorKind, Error};
    match error {
        Error::DatabaseError(
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand,
            _,
        )
        | Error::BrokenTransactionManager => true,
        Error::DatabaseError(DatabaseErrorKind::Unknown, information) => {
            let message = information.message();
            message.starts_with("terminating connection") || message.starts_with("the database system is")
        }
        _ => false,
    }
}

/// An error together with all that caused it, for the log: one line, the outermost first.
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.ends_with(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text
}
