//! Reads: from the secondary when it has reached the user's position, else from the primary. See
//! `server/src/routing/{read,recent_users,standing}.rs`.

use crate::flaw::Flaw;
use crate::state::{Key, Phase, Position, State};
use crate::system::{Action, System};

/// What sessions can do about their reads now.
pub(crate) fn actions(state: &State, actions: &mut Vec<Action>) {
    for (at, session) in state.sessions.iter().enumerate() {
        let keys = 0..state.primary.len();
        match &session.phase {
            Phase::Idle if session.reads_left > 0 => {
                // The flags may say so, or the secondary may be out of reach.
                actions.push(Action::ReadPrimary(at));
                if may_read_secondary(state, at) {
                    actions.push(Action::ReadSecondary(at));
                }
            }
            Phase::ReadingSecondary => {
                actions.extend(keys.map(|key| Action::AnswerOfSecondary(at, key)));
                // It failed, or took too long.
                actions.push(Action::ReadPrimary(at));
            }
            Phase::ReadingPrimary => actions.extend(keys.map(|key| Action::AnswerOfPrimary(at, key))),
            Phase::Noting { .. } => actions.push(Action::Note(at)),
            _ => {}
        }
        if session
            .remembered
            .is_some_and(|position| position.last < reached_before(state))
        {
            actions.push(Action::Forget(at));
        }
    }
}

fn may_read_secondary(state: &State, at: usize) -> bool {
    let session = &state.sessions[at];
    let mut positions = [session.remembered, session.carried].into_iter().flatten();
    state.copied && positions.all(|position| state.is_reached(position))
}

/// A transaction before which every other has ended and has no entry left.
fn reached_before(state: &State) -> u8 {
    let pending = state.visible_entries().map(|entry| entry.transaction).min();
    let open = state.sessions.iter().filter_map(|session| match session.phase {
        Phase::Open { transaction, .. } => Some(transaction),
        _ => None,
    });
    open.chain(pending).min().unwrap_or(state.last_transaction + 1)
}

/// The primary was asked whether the user's position is reached, and it is.
pub(crate) fn read_secondary(state: &mut State, at: usize) {
    let session = &mut state.sessions[at];
    session.reads_left -= 1;
    session.phase = Phase::ReadingSecondary;
    // Nothing that is remembered is left to wait for.
    session.remembered = None;
}

/// The user is served from the primary, from the start or after the secondary failed.
pub(crate) fn read_primary(state: &mut State, at: usize) {
    let session = &mut state.sessions[at];
    if session.phase == Phase::Idle {
        session.reads_left -= 1;
    }
    session.phase = Phase::ReadingPrimary;
}

/// The secondary answers.
pub(crate) fn answer_of_secondary(state: &mut State, at: usize, key: Key) {
    state.sessions[at].phase = Phase::Idle;
    see(state, at, key, state.secondary[key].version);
}

/// The primary answers.
pub(crate) fn answer_of_primary(system: &System, state: &mut State, at: usize, key: Key) {
    let version = state.primary[key].version;
    if system.flaw == Some(Flaw::ForgetReadsOfPrimary) {
        state.sessions[at].phase = Phase::Idle;
        see(state, at, key, version);
    } else {
        state.sessions[at].phase = Phase::Noting { key, version };
    }
}

/// Notes what is pending on the primary, and hands the user what was read before that.
pub(crate) fn note(system: &System, state: &mut State, at: usize) {
    let Phase::Noting { key, version } = state.sessions[at].phase else {
        return;
    };
    let pending = || state.visible_entries().map(|entry| entry.transaction);
    let seen = pending().min().zip(pending().max());
    let seen = seen.map(|(first, last)| Position { first, last });
    let session = &mut state.sessions[at];
    session.phase = Phase::Idle;
    session.remembered = Position::both(session.remembered, seen);
    if system.scenario.sessions[at].carries_position {
        session.carried = Position::both(session.carried, seen);
    }
    see(state, at, key, version);
}

/// What the server remembers of a user is forgotten once everything up to it is reached.
pub(crate) fn forget(state: &mut State, at: usize) {
    state.sessions[at].remembered = None;
}

fn see(state: &mut State, at: usize, key: Key, version: u8) {
    let floor = &mut state.sessions[at].floor[key];
    state.went_back |= version < *floor;
    *floor = version.max(*floor);
}
