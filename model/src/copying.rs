//! The copy of existing rows, under the table's lock on the secondary. See `server/src/sync/journal/backfill.rs`.

use crate::flaw::Flaw;
use crate::state::{Copying, State};
use crate::system::{Action, System};

/// What the copy can do now.
pub(crate) fn actions(system: &System, state: &State, actions: &mut Vec<Action>) {
    let ready = match state.copying {
        Copying::NotBegun => {
            system.flaw == Some(Flaw::CopyWithoutRule) || !state.mirrors.iter().any(|mirror| mirror.locked)
        }
        Copying::Locked | Copying::Read(_) | Copying::Written => true,
        Copying::Noted => false,
    };
    if ready {
        actions.push(Action::Copy);
    }
}

/// True while mirrors must wait for the copy.
pub(crate) fn holds_table(system: &System, state: &State) -> bool {
    let holds = matches!(state.copying, Copying::Locked | Copying::Read(_));
    holds && system.flaw != Some(Flaw::CopyWithoutRule)
}

/// The copy's next step.
pub(crate) fn step(state: &mut State) {
    state.copying = match std::mem::replace(&mut state.copying, Copying::NotBegun) {
        Copying::NotBegun => Copying::Locked,
        Copying::Locked => Copying::Read(state.primary.clone()),
        Copying::Read(rows) => {
            for (key, row) in rows.into_iter().enumerate() {
                // Rows that the primary does not have are left to their entries, where they cannot be deleted.
                if row.present {
                    state.secondary[key] = row;
                }
            }
            Copying::Written
        }
        Copying::Written | Copying::Noted => Copying::Noted,
    };
}
