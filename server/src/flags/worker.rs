//! One instance of the running program a thread: making one costs microseconds, calling it nanoseconds.

use std::cell::RefCell;
use std::rc::Rc;

use crossfade_evaluator::program::{Context, Decision, Instance};

use super::compiled::RulesError;
use super::live::{FlagError, Revision};

thread_local! {
    /// The instance this thread used last, and the revision it belongs to.
    static INSTANCE: RefCell<Option<(u64, Rc<Instance>)>> = const { RefCell::new(None) };
}

/// Runs `call` with this thread's instance of a revision, made anew if the thread had another one.
pub(super) fn with_instance<T>(
    revision: &Revision,
    call: impl FnOnce(&Instance) -> T,
) -> Result<T, FlagError> {
    let known = INSTANCE.with_borrow(|slot| match slot {
        Some((number, instance)) if *number == revision.number => Some(instance.clone()),
        _ => None,
    });
    if let Some(instance) = known {
        return Ok(call(&instance));
    }
    let instance = Rc::new(revision.program().instance().map_err(|error| {
        log::error!(
            "no instance of rules {} on this thread: {error}",
            revision.version()
        );
        FlagError::Unavailable
    })?);
    INSTANCE.set(Some((revision.number, instance.clone())));
    Ok(call(&instance))
}

/// Decides everything once, on an instance that is thrown away. A program that cannot do even that is refused: where it came from
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

/// Every variable of the program, in its order.
pub(super) fn decide_all<'p>(instance: &'p Instance, context: &Context<'_>) -> Vec<Decision<'p>> {
    let variables = &instance.program().metadata().variables;
    variables
        .iter()
        .filter_map(|variable| instance.decide(&variable.key, context).ok())
        .collect()
}
