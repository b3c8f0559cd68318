//! Transactions on the primary: capture notes each changed key in the same transaction, and what the answer says
//! is what the user's next reads must see. See `server/src/routing/write.rs`.

use crate::flaw::Flaw;
use crate::mirroring::loaded;
use crate::scenario::{Change, Write};
use crate::state::{Cell, Entry, Key, Phase, Position, State, Target};
use crate::system::{Action, System};

/// What sessions can do about their writes now.
pub(crate) fn actions(system: &System, state: &State, actions: &mut Vec<Action>) {
    for (at, session) in state.sessions.iter().enumerate() {
        match &session.phase {
            Phase::Idle => {
                let write = system.scenario.sessions[at].writes.get(session.begun);
                if write.is_some_and(|write| !is_blocked(state, write)) {
                    actions.push(Action::Begin(at));
                }
            }
            Phase::Open { .. } => actions.push(Action::Commit(at)),
            // Without waiting, at once; else past the deadline, which may be at any moment.
            Phase::Committed { .. } => actions.push(Action::AnswerWithoutMirror(at)),
            _ => {}
        }
    }
}

/// Rows that an open transaction has changed are locked until it ends.
fn is_blocked(state: &State, write: &Write) -> bool {
    state.sessions.iter().any(|other| match &other.phase {
        Phase::Open { changed, .. } => changed.iter().any(|(key, _)| touches(write, *key)),
        _ => false,
    })
}

fn touches(write: &Write, key: Key) -> bool {
    write.changes.iter().any(|change| match change {
        Change::Put(touched) | Change::Delete(touched) => *touched == key,
        Change::Truncate => true,
    })
}

/// Begins a session's next transaction and makes its changes, which others do not see yet.
pub(crate) fn begin(system: &System, state: &mut State, at: usize) {
    let write = &system.scenario.sessions[at].writes[state.sessions[at].begun];
    state.sessions[at].begun += 1;
    let mut changed = Vec::new();
    let mut targets = Vec::new();
    for change in &write.changes {
        match *change {
            Change::Put(key) => {
                changed.push((key, true));
                targets.push(Target::Key(key));
            }
            Change::Delete(key) if state.primary[key].present => {
                changed.push((key, false));
                targets.push(Target::Key(key));
            }
            // Deletes nothing and is captured as nothing.
            Change::Delete(_) => {}
            Change::Truncate => {
                changed.extend((0..state.primary.len()).map(|key| (key, false)));
                targets.push(Target::Table);
            }
        }
    }
    if targets.is_empty() {
        return;
    }
    state.last_transaction += 1;
    let transaction = state.last_transaction;
    for target in targets {
        state.last_entry += 1;
        state.journal.push(Entry {
            id: state.last_entry,
            transaction,
            target,
            committed: false,
            claimed_by: None,
        });
    }
    state.sessions[at].phase = Phase::Open { transaction, changed };
}

/// Makes a transaction's changes and its entries visible in one step. What will be mirrored for a write that
/// waits is read inside the transaction.
pub(crate) fn commit(system: &System, state: &mut State, at: usize) {
    let Phase::Open { transaction, changed } = state.sessions[at].phase.clone() else {
        return;
    };
    let entries = state.journal.iter();
    let entries = entries
        .filter(|entry| entry.transaction == transaction)
        .map(|entry| loaded(system, state, entry))
        .collect();
    let mut wrote = Vec::new();
    for (key, present) in changed {
        let version = state.primary[key].version + 1;
        state.primary[key] = Cell { version, present };
        wrote.push((key, version));
    }
    for entry in &mut state.journal {
        entry.committed |= entry.transaction == transaction;
    }
    state.sessions[at].phase = Phase::Committed {
        transaction,
        wrote,
        entries,
        asked: false,
    };
}

/// What became of a write's mirror by the time it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mirrored {
    Applied,
    NotKnown,
}

/// Answers the write that a session waits for, and remembers what the user's next reads must see.
pub(crate) fn answer(system: &System, state: &mut State, at: usize, mirrored: Mirrored) {
    let session = &mut state.sessions[at];
    let Phase::Committed {
        transaction, wrote, ..
    } = session.phase.clone()
    else {
        return;
    };
    session.phase = Phase::Idle;
    for (key, version) in wrote {
        session.floor[key] = session.floor[key].max(version);
    }
    let written = Position {
        first: transaction,
        last: transaction,
    };
    // What was not reached before this write may not be reached now, though this write is.
    let behind = match system.flaw {
        Some(Flaw::PositionOfOneTransaction) => None,
        _ => Position::both(session.carried, session.remembered),
    };
    let position = behind.map_or(written, |behind| behind.and(written));
    if mirrored != Mirrored::Applied || behind.is_some() {
        let known = match system.flaw {
            Some(Flaw::PositionOfOneTransaction) => None,
            _ => session.remembered,
        };
        session.remembered = Position::both(known, Some(position));
    }
    if system.scenario.sessions[at].carries_position {
        session.carried = Some(position);
    }
}
