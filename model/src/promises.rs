//! What must hold in every state, in the words of DESIGN section 4, and what must happen in some, so that nothing
//! holds only because nothing happens.

use stateright::Property;

use crate::mirroring::is_pending;
use crate::state::{Copier, Key, Mirror, Phase, Session, State};
use crate::system::System;

/// A promise that every state must keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promise {
    /// Invariant 2: a row that differs is not copied yet, or has an entry that will bring it.
    EveryChangeArrivesOrIsPending,
    /// Invariant 4: no user is shown something older than what the user wrote or has seen.
    NoReadGoesBack,
    /// When nothing can happen any more, nothing is pending and both databases are equal.
    AllEndsEqual,
}

impl Promise {
    /// All of them.
    pub const ALL: [Self; 3] = [
        Self::EveryChangeArrivesOrIsPending,
        Self::NoReadGoesBack,
        Self::AllEndsEqual,
    ];

    /// As a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::EveryChangeArrivesOrIsPending => {
                "every committed change reaches the secondary or is pending"
            }
            Self::NoReadGoesBack => "no read goes back in time for its user",
            Self::AllEndsEqual => "when all is done, both databases are equal",
        }
    }
}

/// What must happen in some scenario, or the promises would be kept because nothing puts them to the test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// Two mirrors are about the same key at once.
    TwoMirrorsOfOneKey,
    /// An earlier entry becomes visible after a later one.
    NumbersOutOfOrder,
    /// The secondary is read while changes are pending.
    ReadWhilePending,
    /// A change is captured while existing rows are being copied.
    ChangeWhileCopying,
    /// A chunk is taken up that the secondary has already.
    CopiedAlready,
    /// A worker goes on with what another has claimed meanwhile.
    ClaimedTwice,
}

impl Occasion {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::TwoMirrorsOfOneKey,
        Self::NumbersOutOfOrder,
        Self::ReadWhilePending,
        Self::ChangeWhileCopying,
        Self::CopiedAlready,
        Self::ClaimedTwice,
    ];

    /// As a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::TwoMirrorsOfOneKey => "two mirrors are about the same key at once",
            Self::NumbersOutOfOrder => "an earlier entry becomes visible after a later one",
            Self::ReadWhilePending => "the secondary is read while changes are pending",
            Self::ChangeWhileCopying => "a change is captured while existing rows are being copied",
            Self::CopiedAlready => "a chunk is taken up that the secondary has already",
            Self::ClaimedTwice => "a worker goes on with what another has claimed meanwhile",
        }
    }
}

/// Promises and occasions as the checker asks for them.
pub(crate) fn properties() -> Vec<Property<System>> {
    use Occasion::{
        ChangeWhileCopying, ClaimedTwice, CopiedAlready, NumbersOutOfOrder, ReadWhilePending,
        TwoMirrorsOfOneKey,
    };
    use Promise::{AllEndsEqual, EveryChangeArrivesOrIsPending, NoReadGoesBack};
    vec![
        Property::always(EveryChangeArrivesOrIsPending.sentence(), |_, state: &State| {
            !state.copied || keys(state).all(|key| is_equal(state, key) || is_pending(state, key))
        }),
        Property::always(NoReadGoesBack.sentence(), |_, state: &State| !state.went_back),
        Property::always(AllEndsEqual.sentence(), |system: &System, state: &State| {
            (state.journal.is_empty() && keys(state).all(|key| is_equal(state, key)))
                || !system.next_actions(state).is_empty()
        }),
        Property::sometimes(TwoMirrorsOfOneKey.sentence(), |_, state: &State| {
            keys(state).any(|key| state.mirrors.iter().filter(|mirror| mirror.has_key(key)).count() > 1)
        }),
        Property::sometimes(NumbersOutOfOrder.sentence(), |_, state: &State| {
            let open = state.journal.iter().find(|entry| !entry.committed);
            open.is_some_and(|open| state.visible_entries().any(|entry| entry.id > open.id))
        }),
        Property::sometimes(ReadWhilePending.sentence(), |_, state: &State| {
            let reading = |session: &Session| session.phase == Phase::ReadingSecondary;
            state.sessions.iter().any(reading) && keys(state).any(|key| !is_equal(state, key))
        }),
        Property::sometimes(ChangeWhileCopying.sentence(), |_, state: &State| {
            let reading = |copier: &Copier| matches!(copier, Copier::Read(..));
            state.copiers.iter().any(reading) && state.visible_entries().next().is_some()
        }),
        Property::sometimes(CopiedAlready.sentence(), |_, state: &State| {
            let again =
                |copier: &Copier| matches!(copier, Copier::Locked(chunk) if state.chunks[*chunk].written);
            state.copiers.iter().any(again)
        }),
        Property::sometimes(ClaimedTwice.sentence(), |system: &System, state: &State| {
            let lost = state.mirrors.iter().find(|mirror| mirror.lost_primary);
            let workers = &state.mirrors[..system.scenario.workers];
            lost.is_some_and(|lost| {
                let is_shared =
                    |worker: &Mirror| worker.entries.iter().any(|entry| lost.entries.contains(entry));
                workers.iter().any(|worker| worker != lost && is_shared(worker))
            })
        }),
    ]
}

fn keys(state: &State) -> std::ops::Range<Key> {
    0..state.primary.len()
}

fn is_equal(state: &State, key: Key) -> bool {
    state.primary[key].equals(state.secondary[key])
}
