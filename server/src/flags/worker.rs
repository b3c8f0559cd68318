//! One instance of the running program a thread: making one costs microseconds, calling it nanoseconds.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use crossfade_evaluator::program::{Context, Decision, Instance, InstanceError, VariableId};

use super::compiled::RulesError;
use super::live::{FlagError, Revision};
use super::tally::Cells;

thread_local! {
    /// The worker that this thread used last, and the revision it belongs to.
    static WORKER: RefCell<Option<(u64, Rc<Worker>)>> = const { RefCell::new(None) };
}

/// A thread's own instance of a program, which counts what it decides.
pub(super) struct Worker {
    instance: Instance,
    cells: Arc<Cells>,
}

impl Worker {
    fn new(revision: &Revision) -> Result<Self, InstanceError> {
        Ok(Self {
            instance: revision.program().instance()?,
            cells: revision.tally().cells(revision.program()),
        })
    }

    /// Decides one variable.
    pub(super) fn decide_variable(&self, variable: VariableId, context: &Context<'_>) -> Decision<'_> {
        let decision = self.instance.decide_variable(variable, context);
        self.cells.count(&decision);
        self.cells.count_mistyped(&self.instance);
        decision
    }

    /// Decides every variable of the program, in its order.
    pub(super) fn decide_all(&self, context: &Context<'_>) -> Vec<Decision<'_>> {
        let decisions: Vec<Decision<'_>> = self.instance.decide_all(context).iter().collect();
        for decision in &decisions {
            self.cells.count(decision);
        }
        self.cells.count_mistyped(&self.instance);
        decisions
    }
}

/// Runs `call` with this thread's worker of a revision, made anew if the thread had another one.
pub(super) fn with_worker<T>(revision: &Revision, call: impl FnOnce(&Worker) -> T) -> Result<T, FlagError> {
    let known = WORKER.with_borrow(|slot| match slot {
        Some((number, worker)) if *number == revision.number => Some(worker.clone()),
        _ => None,
    });
    if let Some(worker) = known {
        return Ok(call(&worker));
    }
    let worker = Rc::new(Worker::new(revision).map_err(|error| {
        log::error!(
            "no instance of rules {} on this thread: {error}",
            revision.version()
        );
        FlagError::Unavailable
    })?);
    WORKER.set(Some((revision.number, worker.clone())));
    Ok(call(&worker))
}

/// Decides everything once, on an instance that is thrown away and counts nothing. A program that cannot do even that is refused: where it came from
/// elsewhere, it may trap or never end.
pub(super) fn warm_up(revision: &Revision) -> Result<(), RulesError> {
    let instance = revision.program().instance()?;
    let decisions = instance.decide_all(&Context::new(&[], 0));
    let faulty = decisions
        .iter()
        .find_map(|decision| Some((decision.key, decision.fault?)));
    // A program of others may decide one variable by other code than all of them.
    let faulty = faulty.or_else(|| {
        let variables = &instance.program().metadata().variables;
        let mut each = variables
            .iter()
            .filter_map(|variable| instance.decide(&variable.key, &Context::new(&[], 0)).ok());
        each.find_map(|decision| Some((decision.key, decision.fault?)))
    });
    match faulty {
        Some((key, fault)) => Err(RulesError::Faulty {
            key: key.to_owned(),
            fault,
        }),
        None => Ok(()),
    }
}
