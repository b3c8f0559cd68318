//! One scenario as the checker sees it: where it begins, what can happen next, and what that leads to.

use stateright::{Model, Property};

use crate::flaw::Flaw;
use crate::scenario::Scenario;
use crate::state::{Cell, Chunk, Copier, Key, Mirror, Phase, Session, State};
use crate::writing::Mirrored;
use crate::{copying, faults, mirroring, promises, reading, writing};

/// A scenario, and the rule that is broken in it, if one is.
#[derive(Debug, Clone)]
pub(crate) struct System {
    pub(crate) scenario: Scenario,
    pub(crate) flaw: Option<Flaw>,
}

/// One step of one process. The number is the session's, or the mirror's: the workers first, then the lanes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Begin(usize),
    Commit(usize),
    AnswerWithoutMirror(usize),
    Claim(usize),
    Load(usize),
    Lock(usize),
    Read(usize),
    Apply(usize),
    Finish(usize),
    TakeChunk(usize, Key),
    Copy(usize),
    NoteTable,
    ReadSecondary(usize),
    ReadPrimary(usize),
    AnswerOfSecondary(usize, Key),
    AnswerOfPrimary(usize, Key),
    Note(usize),
    Forget(usize),
    BreakMirror(usize),
    LosePrimary(usize),
    BreakCopier(usize),
    KillServer,
}

impl System {
    /// All that can happen next.
    pub(crate) fn next_actions(&self, state: &State) -> Vec<Action> {
        let mut actions = Vec::new();
        writing::actions(self, state, &mut actions);
        mirroring::actions(self, state, &mut actions);
        copying::actions(state, &mut actions);
        reading::actions(state, &mut actions);
        faults::actions(self, state, &mut actions);
        actions
    }

    fn first_state(&self) -> State {
        let scenario = &self.scenario;
        let row = |present: &bool| Cell {
            version: 0,
            present: *present,
        };
        let primary: Vec<Cell> = scenario.rows.iter().map(row).collect();
        let nothing = vec![row(&false); primary.len()];
        let session = |reads| Session {
            begun: 0,
            reads_left: reads,
            phase: Phase::Idle,
            floor: vec![0; primary.len()],
            remembered: None,
            carried: None,
        };
        State {
            secondary: if scenario.copied { primary.clone() } else { nothing },
            journal: Vec::new(),
            last_entry: 0,
            last_transaction: 0,
            sessions: scenario
                .sessions
                .iter()
                .map(|script| session(script.reads))
                .collect(),
            mirrors: vec![Mirror::idle(); scenario.workers + scenario.lanes],
            copiers: vec![Copier::Idle; scenario.copiers],
            chunks: vec![Chunk::default(); primary.len()],
            copied: scenario.copied,
            faults_left: scenario.faults,
            went_back: false,
            primary,
        }
    }
}

impl Model for System {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![self.first_state()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        actions.extend(self.next_actions(state));
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        let next = &mut state;
        match action {
            Action::Begin(at) => writing::begin(self, next, at),
            Action::Commit(at) => writing::commit(self, next, at),
            Action::AnswerWithoutMirror(at) => writing::answer(self, next, at, Mirrored::NotKnown),
            Action::Claim(at) => mirroring::claim(self, next, at),
            Action::Load(at) => mirroring::load(self, next, at),
            Action::Lock(at) => mirroring::lock(next, at),
            Action::Read(at) => mirroring::read(self, next, at),
            Action::Apply(at) => mirroring::apply(self, next, at),
            Action::Finish(at) => mirroring::finish(self, next, at),
            Action::TakeChunk(at, chunk) => copying::take(next, at, chunk),
            Action::Copy(at) => copying::step(self, next, at),
            Action::NoteTable => next.copied = true,
            Action::ReadSecondary(at) => reading::read_secondary(next, at),
            Action::ReadPrimary(at) => reading::read_primary(next, at),
            Action::AnswerOfSecondary(at, key) => reading::answer_of_secondary(next, at, key),
            Action::AnswerOfPrimary(at, key) => reading::answer_of_primary(self, next, at, key),
            Action::Note(at) => reading::note(self, next, at),
            Action::Forget(at) => reading::forget(next, at),
            Action::BreakMirror(at) => faults::break_mirror(next, at),
            Action::LosePrimary(at) => faults::lose_primary(next, at),
            Action::BreakCopier(at) => faults::break_copier(next, at),
            Action::KillServer => faults::kill_server(next),
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        promises::properties()
    }
}
