//! Who has written, or was shown by the primary, what is not known to be on the secondary yet.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::sync::Position;

/// This server's own memory of users. Other servers learn positions from the request's header. One that has just
/// started remembers nobody, so anybody may have been shown something.
#[derive(Debug, Default)]
pub(super) struct RecentUsers {
    positions: Mutex<HashMap<String, Position>>,
    shown: Mutex<Shown>,
}

/// Users whom the primary served because the flags said so. To ask it for a position with each such read would
/// double its work; who is sent to the secondary next asks then.
#[derive(Debug)]
struct Shown {
    /// The latest serving.
    latest: Serving,
    /// The last serving of each user.
    users: HashMap<String, Serving>,
    /// The last serving of users who are not remembered: too many, or served before this server had started.
    others: Option<Serving>,
    /// For some servings, oldest first: a transaction that began after whatever they and earlier ones showed.
    horizons: VecDeque<(Serving, i64)>,
}

impl Default for Shown {
    fn default() -> Self {
        Self {
            latest: Serving::default(),
            users: HashMap::new(),
            others: Some(Serving::default()),
            horizons: VecDeque::new(),
        }
    }
}

/// One time that the primary served a user, by number.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Serving(u64);

/// Users remembered by name: some ten megabytes.
const MOST_USERS: usize = 100_000;

/// Horizons remembered: enough to be exact where the secondary is up to date, few enough to be looked through.
const MOST_HORIZONS: usize = 64;

impl RecentUsers {
    /// The user has written or seen this, and the secondary may lack it.
    pub(super) fn must_see(&self, user: &str, position: Position) {
        self.positions()
            .entry(user.to_owned())
            .and_modify(|known| *known = known.and(position))
            .or_insert(position);
    }

    /// What the user's reads must see.
    pub(super) fn position(&self, user: &str) -> Option<Position> {
        self.positions().get(user).copied()
    }

    /// The secondary has reached `position`; forgotten, unless the user has written since.
    pub(super) fn reached(&self, user: &str, position: Position) {
        let mut positions = self.positions();
        if positions.get(user) == Some(&position) {
            positions.remove(user);
        }
    }

    /// The primary has just served this user, whom the flags sent there.
    pub(super) fn was_shown(&self, user: &str) {
        let shown = &mut *self.shown();
        shown.latest.0 += 1;
        if let Some(last) = shown.users.get_mut(user) {
            *last = shown.latest;
        } else if shown.users.len() < MOST_USERS {
            shown.users.insert(user.to_owned(), shown.latest);
        } else {
            shown.others = Some(shown.latest);
        }
    }

    /// The last time that this user may have been shown what the secondary lacks, if there was one.
    pub(super) fn last_shown(&self, user: &str) -> Option<Serving> {
        let shown = self.shown();
        shown.users.get(user).copied().max(shown.others)
    }

    /// What the user was shown up to `serving` is in its position now.
    pub(super) fn is_noted(&self, user: &str, serving: Serving) {
        let mut shown = self.shown();
        if shown.users.get(user) == Some(&serving) {
            shown.users.remove(user);
        }
    }

    /// The latest serving, to be given to [`RecentUsers::forget`] once the primary was asked how far it is.
    pub(super) fn latest_serving(&self) -> Serving {
        self.shown().latest
    }

    /// Another epoch has begun: whatever was to be seen is on both sides. What other servers have shown since is not
    /// known.
    pub(super) fn begin_anew(&self) {
        self.positions().clear();
        let shown = &mut *self.shown();
        *shown = Shown {
            latest: shown.latest,
            others: Some(shown.latest),
            ..Shown::default()
        };
    }

    /// In this epoch: after `serving`, `horizon` had not begun; and now every transaction before `reached` is reached: forgets
    /// whoever wrote and saw nothing since.
    pub(super) fn forget(&self, epoch: i64, serving: Serving, horizon: i64, reached: i64) {
        self.positions()
            .retain(|_, position| !position.is_before(epoch, reached));
        let mut shown = self.shown();
        if shown.horizons.len() == MOST_HORIZONS {
            // The newest: what waits for an old one must not wait for ever newer ones.
            shown.horizons.pop_back();
        }
        shown.horizons.push_back((serving, horizon));
        let mut forgotten = None;
        while let Some((serving, horizon)) = shown.horizons.front().copied()
            && horizon <= reached
        {
            forgotten = Some(serving);
            shown.horizons.pop_front();
        }
        if let Some(forgotten) = forgotten {
            shown.users.retain(|_, last| *last > forgotten);
            shown.others = shown.others.filter(|last| *last > forgotten);
        }
    }

    fn positions(&self) -> MutexGuard<'_, HashMap<String, Position>> {
        self.positions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(transaction: i64) -> Position {
        Position::of_transaction(transaction)
    }

    /// Whatever was shown before it started is reached.
    fn started_long_ago() -> RecentUsers {
        let users = RecentUsers::default();
        users.forget(0, users.latest_serving(), 1, 1);
        users
    }

    #[test]
    fn anybody_may_have_been_shown_something_before_the_server_started() {
        let users = RecentUsers::default();
        assert!(users.last_shown("123").is_some());
        users.forget(0, users.latest_serving(), 20, 10);
        assert!(users.last_shown("123").is_some(), "19 may have been shown");
        users.forget(0, users.latest_serving(), 30, 20);
        assert_eq!(users.last_shown("123"), None);
    }

    #[test]
    fn a_user_is_held_to_all_writes_that_are_not_known_to_have_arrived() {
        let users = RecentUsers::default();
        users.must_see("123", at(7));
        users.must_see("123", at(9));
        assert_eq!(users.position("123"), Some(at(7).and(at(9))));
        users.reached("123", at(7));
        assert!(
            users.position("123").is_some(),
            "the write at 9 came after the question"
        );
        users.reached("123", at(7).and(at(9)));
        assert_eq!(users.position("123"), None);
    }

    #[test]
    fn who_wrote_nothing_since_what_is_reached_is_forgotten() {
        let users = RecentUsers::default();
        users.must_see("123", at(7));
        users.must_see("456", at(12));
        users.forget(0, users.latest_serving(), 20, 10);
        assert_eq!(users.position("123"), None);
        assert_eq!(users.position("456"), Some(at(12)));
    }

    #[test]
    fn who_was_shown_something_is_forgotten_once_whatever_it_was_is_reached() {
        let users = started_long_ago();
        users.was_shown("123");
        let first = users.latest_serving();
        users.was_shown("456");
        users.forget(0, first, 20, 10);
        assert!(users.last_shown("123").is_some(), "19 may have been shown");
        users.forget(0, users.latest_serving(), 30, 20);
        assert_eq!(users.last_shown("123"), None);
        assert!(users.last_shown("456").is_some(), "25 may have been shown");
        users.forget(0, users.latest_serving(), 30, 30);
        assert_eq!(users.last_shown("456"), None);
    }

    #[test]
    fn who_was_shown_more_meanwhile_is_not_forgotten_by_what_was_noted_before() {
        let users = started_long_ago();
        users.was_shown("123");
        let first = users.last_shown("123").unwrap();
        users.was_shown("123");
        users.is_noted("123", first);
        let second = users.last_shown("123").unwrap();
        users.is_noted("123", second);
        assert_eq!(users.last_shown("123"), None);
    }

    #[test]
    fn of_users_too_many_to_name_anyone_may_have_been_shown_something() {
        let users = started_long_ago();
        for user in 0..MOST_USERS {
            users.was_shown(&user.to_string());
        }
        assert_eq!(users.last_shown("one more"), None);
        users.was_shown("one more");
        assert!(users.last_shown("anyone").is_some());
        users.forget(0, users.latest_serving(), 20, 20);
        assert_eq!(users.last_shown("anyone"), None);
    }

    #[test]
    fn a_secondary_that_stays_behind_is_waited_for_no_longer_than_it_is_behind() {
        let users = started_long_ago();
        users.was_shown("123");
        for transaction in 0..1_000 {
            users.forget(0, users.latest_serving(), transaction + 100, transaction);
        }
        assert_eq!(users.last_shown("123"), None);
        assert!(users.shown().horizons.len() <= MOST_HORIZONS);
    }
}
