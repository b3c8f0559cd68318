//! The copy of existing rows, chunk by chunk, by several at once: some of them may have been taken for dead. See
//! `server/src/sync/journal/backfill`.

use crate::flaw::Flaw;
use crate::state::{Copier, Key, State};
use crate::system::{Action, System};

/// What those who copy can do now.
pub(crate) fn actions(state: &State, actions: &mut Vec<Action>) {
    if state.copied {
        // Whoever is under way does not know it.
        let at_work = |(at, copier): (usize, &Copier)| (*copier != Copier::Idle).then_some(Action::Copy(at));
        actions.extend(state.copiers.iter().enumerate().filter_map(at_work));
        return;
    }
    for (at, copier) in state.copiers.iter().enumerate() {
        if *copier == Copier::Idle {
            let free = (0..state.chunks.len()).filter(|chunk| is_free(state, *chunk));
            actions.extend(free.map(|chunk| Action::TakeChunk(at, chunk)));
        } else {
            actions.push(Action::Copy(at));
        }
    }
    if state.chunks.iter().all(|chunk| chunk.noted) {
        actions.push(Action::NoteTable);
    }
}

/// A chunk that is not known to be copied, and whose lock nobody holds.
fn is_free(state: &State, chunk: Key) -> bool {
    let holds =
        |copier: &Copier| matches!(copier, Copier::Locked(held) | Copier::Read(held, _) if *held == chunk);
    !state.chunks[chunk].noted && !state.copiers.iter().any(holds)
}

/// Takes the lock of a chunk.
pub(crate) fn take(state: &mut State, at: usize, chunk: Key) {
    state.copiers[at] = Copier::Locked(chunk);
}

/// The next step of one who copies.
pub(crate) fn step(system: &System, state: &mut State, at: usize) {
    state.copiers[at] = match state.copiers[at] {
        Copier::Idle => Copier::Idle,
        // The record is looked at under the lock.
        Copier::Locked(chunk) if state.chunks[chunk].written && system.flaw != Some(Flaw::CopyTwice) => {
            Copier::Written(chunk)
        }
        Copier::Locked(chunk) => Copier::Read(chunk, state.primary[chunk]),
        Copier::Read(chunk, row) => {
            // A row that the primary does not have is left to its entry, if it is on the secondary.
            if row.present {
                state.secondary[chunk] = row;
            }
            state.chunks[chunk].written = true;
            Copier::Written(chunk)
        }
        Copier::Written(chunk) => {
            state.chunks[chunk].noted = true;
            Copier::Idle
        }
    };
}
