//! A point in the primary's history that a reader may need the secondary to have reached.

use std::str::FromStr;

/// The transaction that made the latest write a reader must see. With the transport `journal` it is reached
/// when no journal entry of that transaction is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(i64);

/// Why a text is not a position.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a position: send back the Crossfade-Position of an earlier answer unchanged")]
pub struct InvalidPosition;

impl Position {
    /// The position of a transaction: `pg_current_xact_id()`, which fits 63 bits for the next billion years.
    #[must_use]
    pub fn of_transaction(id: i64) -> Self {
        Self(id)
    }

    /// The transaction's identifier.
    #[must_use]
    pub fn transaction(self) -> i64 {
        self.0
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for Position {
    type Err = InvalidPosition;

    fn from_str(text: &str) -> Result<Self, InvalidPosition> {
        match text.parse() {
            Ok(id) if id > 0 => Ok(Self(id)),
            _ => Err(InvalidPosition),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_comes_back_as_it_was_sent() {
        let position = Position::of_transaction(73_000_000_000);
        assert_eq!(position.to_string().parse(), Ok(position));
        assert_eq!("-1".parse::<Position>(), Err(InvalidPosition));
        assert_eq!("7; drop".parse::<Position>(), Err(InvalidPosition));
    }
}
