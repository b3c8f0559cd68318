//! What a crash leaves behind: each fault may come between any two steps, as often as the scenario allows.

use crate::mirroring::give_up;
use crate::state::{Copier, Phase, Stage, State};
use crate::system::{Action, System};

/// What may break now.
pub(crate) fn actions(system: &System, state: &State, actions: &mut Vec<Action>) {
    if state.faults_left == 0 {
        return;
    }
    for (at, mirror) in state.mirrors.iter().enumerate() {
        if mirror.stage != Stage::Idle {
            actions.push(Action::BreakMirror(at));
        }
        // Before it has read, the loss ends the mirror; after the secondary's commit, it is as if it were broken.
        if at < system.scenario.workers && mirror.stage == Stage::Read && !mirror.lost_primary {
            actions.push(Action::LosePrimary(at));
        }
    }
    for (at, copier) in state.copiers.iter().enumerate() {
        if *copier != Copier::Idle {
            actions.push(Action::BreakCopier(at));
        }
    }
    if system.scenario.server_may_die {
        actions.push(Action::KillServer);
    }
}

/// A mirror ends: its transactions are rolled back on both sides.
pub(crate) fn break_mirror(state: &mut State, at: usize) {
    state.faults_left -= 1;
    give_up(state, at);
}

/// A worker's connection to the primary breaks: others may claim its entries, while it goes on.
pub(crate) fn lose_primary(state: &mut State, at: usize) {
    state.faults_left -= 1;
    for entry in &mut state.journal {
        if entry.claimed_by == Some(at) {
            entry.claimed_by = None;
        }
    }
    state.mirrors[at].lost_primary = true;
}

/// One who copies ends: if the secondary has committed, that stays.
pub(crate) fn break_copier(state: &mut State, at: usize) {
    state.faults_left -= 1;
    state.copiers[at] = Copier::Idle;
}

/// The server ends, and with it all mirrors, requests and memory. Clients get no answer.
pub(crate) fn kill_server(state: &mut State) {
    state.faults_left -= 1;
    for at in 0..state.mirrors.len() {
        give_up(state, at);
    }
    for session in &mut state.sessions {
        if let Phase::Open { transaction, .. } = session.phase {
            state.journal.retain(|entry| entry.transaction != transaction);
        }
        session.phase = Phase::Idle;
        session.remembered = None;
    }
}
