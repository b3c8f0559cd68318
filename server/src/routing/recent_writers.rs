//! Who has written, or was shown by the primary, what is not known to be on the secondary yet.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::sync::Position;

/// Positions by user, of this server's own memory. Other servers learn them from the request's header.
#[derive(Debug, Default)]
pub(super) struct RecentWriters {
    positions: Mutex<HashMap<String, Position>>,
}

impl RecentWriters {
    /// The user has written or seen this, and the secondary may lack it.
    pub(super) fn must_see(&self, user: &str, position: Position) {
        let mut positions = self.positions.lock().unwrap_or_else(PoisonError::into_inner);
        positions
            .entry(user.to_owned())
            .and_modify(|known| *known = known.and(position))
            .or_insert(position);
    }

    /// What the user's reads must see.
    pub(super) fn position(&self, user: &str) -> Option<Position> {
        self.positions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(user)
            .copied()
    }

    /// The secondary has reached `position`; forgotten, unless the user has written since.
    pub(super) fn reached(&self, user: &str, position: Position) {
        let mut positions = self.positions.lock().unwrap_or_else(PoisonError::into_inner);
        if positions.get(user) == Some(&position) {
            positions.remove(user);
        }
    }

    /// Every transaction before `transaction` is reached: forgets whoever wrote nothing since.
    pub(super) fn forget_before(&self, transaction: i64) {
        let mut positions = self.positions.lock().unwrap_or_else(PoisonError::into_inner);
        positions.retain(|_, position| position.last() >= transaction);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(transaction: i64) -> Position {
        Position::of_transaction(transaction)
    }

    #[test]
    fn a_user_is_held_to_all_writes_that_are_not_known_to_have_arrived() {
        let writers = RecentWriters::default();
        writers.must_see("123", at(7));
        writers.must_see("123", at(9));
        assert_eq!(writers.position("123"), Some(at(7).and(at(9))));
        writers.reached("123", at(7));
        assert!(
            writers.position("123").is_some(),
            "the write at 9 came after the question"
        );
        writers.reached("123", at(7).and(at(9)));
        assert_eq!(writers.position("123"), None);
    }

    #[test]
    fn who_wrote_nothing_since_what_is_reached_is_forgotten() {
        let writers = RecentWriters::default();
        writers.must_see("123", at(7));
        writers.must_see("456", at(12));
        writers.forget_before(10);
        assert_eq!(writers.position("123"), None);
        assert_eq!(writers.position("456"), Some(at(12)));
    }
}
