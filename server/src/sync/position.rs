//! A point in the primary's history that a reader may need the secondary to have reached.

use std::str::FromStr;

/// The transactions whose changes a reader must see: the latest of the user's, back to the earliest that was
/// not on the secondary when the latest was made. With the transport `journal` a position is reached when no
/// journal entry of a transaction in that range is left. Written `735`, or `735-741`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Position {
    first: i64,
    last: i64,
}

/// Why a text is not a position.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a position: send back the Crossfade-Position of an earlier answer unchanged")]
pub struct InvalidPosition;

impl Position {
    /// The position of one transaction: `pg_current_xact_id()`, which fits 63 bits for as long as we live.
    #[must_use]
    pub fn of_transaction(id: i64) -> Self {
        Self { first: id, last: id }
    }

    /// The position that is reached when both are.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            first: self.first.min(other.first),
            last: self.last.max(other.last),
        }
    }

    /// The earliest transaction of the range.
    #[must_use]
    pub fn first(self) -> i64 {
        self.first
    }

    /// The latest transaction of the range.
    #[must_use]
    pub fn last(self) -> i64 {
        self.last
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.last)
        } else {
            write!(f, "{}-{}", self.first, self.last)
        }
    }
}

impl FromStr for Position {
    type Err = InvalidPosition;

    fn from_str(text: &str) -> Result<Self, InvalidPosition> {
        let number = |digits: &str| match digits.parse::<i64>() {
            Ok(id) if id > 0 && digits.bytes().all(|byte| byte.is_ascii_digit()) => Ok(id),
            _ => Err(InvalidPosition),
        };
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        match (number(first)?, number(last)?) {
            (first, last) if first <= last => Ok(Self { first, last }),
            _ => Err(InvalidPosition),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_comes_back_as_it_was_sent() {
        let one = Position::of_transaction(73_000_000_000);
        let range = one.and(Position::of_transaction(72_999_999_000));
        assert_eq!(range.to_string(), "72999999000-73000000000");
        for position in [one, range] {
            assert_eq!(position.to_string().parse(), Ok(position));
        }
    }

    #[test]
    fn what_no_answer_could_have_said_is_refused() {
        for text in [
            "",
            "-1",
            "0",
            "9-7",
            "1-",
            "+5",
            "7; drop table",
            "99999999999999999999",
        ] {
            assert_eq!(text.parse::<Position>(), Err(InvalidPosition), "{text}");
        }
    }
}
