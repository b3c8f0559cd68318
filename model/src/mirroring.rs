//! The workers and the awaited mirrors: load entries, lock on the secondary, read the primary, apply and commit,
//! drop the entries. See `server/src/sync/journal/{mirror,workers,awaited,entry,locks}.rs`.
//!
//! Locks are taken in one step here. The code takes them one by one in a fixed order, so that no two mirrors can
//! wait for each other; and while a mirror waits it has read no row, so that it makes no difference to the rest.

use crate::flaw::Flaw;
use crate::state::{Entry, Key, Loaded, Mirror, Phase, Stage, State, Target};
use crate::system::{Action, System};
use crate::writing::{Mirrored, answer};

/// What mirrors can do now.
pub(crate) fn actions(system: &System, state: &State, actions: &mut Vec<Action>) {
    for (at, mirror) in state.mirrors.iter().enumerate() {
        let is_worker = at < system.scenario.workers;
        let reads_first = system.flaw == Some(Flaw::LockAfterRead);
        match mirror.stage {
            Stage::Idle if is_worker && claimable(system, state).next().is_some() => {
                actions.push(Action::Claim(at));
            }
            Stage::Idle if !is_worker && waiting(system, state).next().is_some() => {
                actions.push(Action::Load(at));
            }
            Stage::Loaded if reads_first => actions.push(Action::Read(at)),
            Stage::Locked => actions.push(Action::Read(at)),
            Stage::Read if mirror.locked => actions.push(Action::Apply(at)),
            Stage::Loaded | Stage::Read if may_lock(state, at) => actions.push(Action::Lock(at)),
            Stage::Idle | Stage::Loaded | Stage::Read => {}
            Stage::Applied => actions.push(Action::Finish(at)),
        }
    }
}

/// The entries that a worker may take: visible, of a copied table, and locked by nobody.
fn claimable<'a>(system: &System, state: &'a State) -> impl Iterator<Item = &'a Entry> {
    let ready = state.copied || system.flaw == Some(Flaw::CopyWithoutRule);
    state
        .visible_entries()
        .filter(move |entry| ready && entry.claimed_by.is_none())
}

/// The sessions whose committed write waits for a lane. While the table is copied none of its changes is mirrored.
fn waiting<'a>(system: &'a System, state: &'a State) -> impl Iterator<Item = usize> + 'a {
    let sessions = state.sessions.iter().enumerate();
    let waiting = sessions.filter(|(at, session)| {
        matches!(&session.phase, Phase::Committed { asked: false, entries, .. }
            if entries.iter().all(|entry| entry.droppable))
            && system.scenario.sessions[*at].writes[session.begun - 1].awaited
    });
    waiting.map(|(at, _)| at)
}

/// A worker takes the oldest entries, and their row locks.
pub(crate) fn claim(system: &System, state: &mut State, at: usize) {
    let taken: Vec<Loaded> = claimable(system, state)
        .take(system.scenario.batch)
        .map(|entry| loaded(system, state, entry))
        .collect();
    for entry in &mut state.journal {
        if taken.iter().any(|taken| taken.id == entry.id) {
            entry.claimed_by = Some(at);
        }
    }
    let mirror = &mut state.mirrors[at];
    mirror.entries = taken;
    mirror.stage = Stage::Loaded;
}

/// A lane takes the entries of every write that waits, whether a worker has mirrored them meanwhile or not.
pub(crate) fn load(system: &System, state: &mut State, at: usize) {
    let waiting: Vec<usize> = waiting(system, state).collect();
    for session in waiting {
        if let Phase::Committed {
            transaction,
            entries,
            asked,
            ..
        } = &mut state.sessions[session].phase
        {
            *asked = true;
            let mirror = &mut state.mirrors[at];
            mirror.entries.extend(entries.iter().copied());
            mirror.awaited_by.push((session, *transaction));
            mirror.stage = Stage::Loaded;
        }
    }
}

/// An entry as it is read now.
pub(crate) fn loaded(system: &System, state: &State, entry: &Entry) -> Loaded {
    Loaded {
        id: entry.id,
        target: entry.target,
        droppable: state.copied || system.flaw == Some(Flaw::CopyWithoutRule),
    }
}

/// True when nobody holds a lock that this mirror needs.
fn may_lock(state: &State, at: usize) -> bool {
    let mirror = &state.mirrors[at];
    let free = |other: &Mirror| {
        let keys = (0..state.primary.len()).any(|key| mirror.has_key(key) && other.has_key(key));
        !other.locked || !(mirror.is_whole() || other.is_whole() || keys)
    };
    state.mirrors.iter().all(free)
}

/// Takes the locks on the secondary.
pub(crate) fn lock(state: &mut State, at: usize) {
    let mirror = &mut state.mirrors[at];
    mirror.locked = true;
    if mirror.stage == Stage::Loaded {
        mirror.stage = Stage::Locked;
    }
}

/// Reads the keys' rows on the primary.
pub(crate) fn read(system: &System, state: &mut State, at: usize) {
    let rows = state.primary.clone();
    let mirror = &mut state.mirrors[at];
    let whole = mirror.is_whole();
    mirror.rows = rows
        .into_iter()
        .enumerate()
        // After TRUNCATE, rows that the primary does not have are deleted; those that it has are left alone.
        .filter(|(key, row)| mirror.has_key(*key) || (whole && !row.present))
        .collect();
    mirror.stage = Stage::Read;
    if system.flaw == Some(Flaw::DropBeforeCommit) {
        drop_entries(system, state, at);
    }
}

/// Makes the secondary equal to what was read, and commits, which releases the locks. Who waits is answered.
pub(crate) fn apply(system: &System, state: &mut State, at: usize) {
    let mirror = &mut state.mirrors[at];
    for (key, row) in std::mem::take(&mut mirror.rows) {
        state.secondary[key] = row;
    }
    mirror.locked = false;
    mirror.stage = Stage::Applied;
    for (session, mirrored) in std::mem::take(&mut mirror.awaited_by) {
        // Who waits no longer has been answered before, and may be about another write by now.
        if matches!(state.sessions[session].phase, Phase::Committed { transaction, .. } if transaction == mirrored)
        {
            answer(system, state, session, Mirrored::Applied);
        }
    }
}

/// The last step: drops the entries that were read.
pub(crate) fn finish(system: &System, state: &mut State, at: usize) {
    drop_entries(system, state, at);
    give_up(state, at);
}

/// Drops the entries that were read, but for those that another worker has claimed.
fn drop_entries(system: &System, state: &mut State, at: usize) {
    let mirror = &state.mirrors[at];
    let read: Vec<u8> = mirror
        .entries
        .iter()
        .filter(|entry| entry.droppable)
        .map(|entry| entry.id)
        .collect();
    let by_range = system.flaw == Some(Flaw::DropByRange);
    let last = read.iter().max().copied().unwrap_or(0);
    // A worker whose connection broke has no transaction left to drop anything in.
    if !mirror.lost_primary {
        state.journal.retain(|entry| {
            let is_free = entry.claimed_by.is_none_or(|worker| worker == at);
            let was_read = read.contains(&entry.id) || (by_range && entry.id <= last);
            !(entry.committed && is_free && was_read)
        });
    }
}

/// Ends a mirror's transactions on both sides as they are: its locks are released, its entries stay.
pub(crate) fn give_up(state: &mut State, at: usize) {
    for entry in &mut state.journal {
        if entry.claimed_by == Some(at) {
            entry.claimed_by = None;
        }
    }
    state.mirrors[at] = Mirror::idle();
}

/// True when a visible entry will bring this key's row. One for the whole table only brings that there is none.
pub(crate) fn is_pending(state: &State, key: Key) -> bool {
    state.visible_entries().any(|entry| match entry.target {
        Target::Table => !state.primary[key].present,
        Target::Key(changed) => changed == key,
    })
}
