//! A point in the primary's history that a reader may need the secondary to have reached.

use std::cmp::Ordering;
use std::str::FromStr;

/// The transactions whose changes a reader must see: the latest of the user's, back to the earliest that was
/// not on the secondary when the latest was made. With the transport `journal` a position is reached when no
/// journal entry of a transaction in that range is left; with `publish-subscribe` it is places in the primary's log, of
/// which the last counts. Both are numbered by the primary, so a position is of an epoch; once that is over, everything of it is on both sides. Written `735`, or `735-741`, or `2:735-741`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Position {
    epoch: i64,
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
        Self {
            epoch: 0,
            first: id,
            last: id,
        }
    }

    /// The position of a place in the primary's log, with the transport `publish-subscribe`.
    #[must_use]
    pub fn of_log(place: i64) -> Self {
        Self::of_transaction(place)
    }

    /// The same, of another epoch.
    #[must_use]
    pub fn in_epoch(self, epoch: i64) -> Self {
        Self { epoch, ..self }
    }

    /// The position that is reached when both are: what is of an earlier epoch is on both sides since that ended.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match self.epoch.cmp(&other.epoch) {
            Ordering::Less => other,
            Ordering::Greater => self,
            Ordering::Equal => Self {
                epoch: self.epoch,
                first: self.first.min(other.first),
                last: self.last.max(other.last),
            },
        }
    }

    /// The epoch whose primary numbered the transactions.
    #[must_use]
    pub fn epoch(self) -> i64 {
        self.epoch
    }

    /// True when it is all before this transaction of this epoch.
    #[must_use]
    pub fn is_before(self, epoch: i64, transaction: i64) -> bool {
        (self.epoch, self.last) < (epoch, transaction)
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
        if self.epoch > 0 {
            write!(f, "{}:", self.epoch)?;
        }
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
        let (epoch, text) = match text.split_once(':') {
            Some((epoch, text)) => (number(epoch)?, text),
            None => (0, text),
        };
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        match (number(first)?, number(last)?) {
            (first, last) if first <= last => Ok(Self { epoch, first, last }),
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
        let later = range.in_epoch(3);
        assert_eq!(later.to_string(), "3:72999999000-73000000000");
        for position in [one, range, later] {
            assert_eq!(position.to_string().parse(), Ok(position));
        }
    }

    #[test]
    fn of_two_epochs_the_later_one_counts() {
        let earlier = Position::of_transaction(900);
        let later = Position::of_transaction(7).in_epoch(1);
        assert_eq!(earlier.and(later), later);
        assert_eq!(later.and(earlier), later);
        assert!(earlier.is_before(1, 1) && !later.is_before(0, 900) && !later.is_before(1, 7));
    }

    #[test]
    fn what_no_answer_could_have_said_is_refused() {
        for text in [
            "",
            "-1",
            "0",
            "9-7",
            "0:7",
            "1:2:7",
            ":7",
            "1-",
            "+5",
            "7; drop table",
            "99999999999999999999",
        ] {
            assert_eq!(text.parse::<Position>(), Err(InvalidPosition), "{text}");
        }
    }
}
