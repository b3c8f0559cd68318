//! What the rules say of a data request: does its write also go to new, does it read from new?

use crossfade_evaluator::program::VariableId;

use super::context::RequestContext;
use super::live::{Flags, Revision};
use super::worker::{self, Worker};

/// Where one request's writes and reads go. The primary takes every write first, whatever is said here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Route {
    /// The variable `write`: also write to the secondary before answering.
    pub write: bool,
    /// The variable `read`: read from the secondary.
    pub read: bool,
}

impl Flags {
    /// Decides `write` and `read` for a request. Where they cannot be decided, the primary serves it alone.
    pub fn route(&self, context: &RequestContext) -> Route {
        let running = self.current();
        decide(&running, context).unwrap_or_else(|undecided| {
            let count = self.count_undecided();
            // Ever more seldom: a line for each would bury all others.
            if count.is_power_of_two() {
                let version = running.version();
                log::error!(
                    "{undecided} (rules {version}): the primary alone served {count} requests so far"
                );
            }
            Route::default()
        })
    }
}

impl Flags {
    /// Whether the rules have a variable `compare` and it is true for this request.
    pub fn compares(&self, context: &RequestContext) -> bool {
        let running = self.current();
        let Some(compare) = running.compare else {
            return false;
        };
        let decided = worker::with_worker(&running, |worker| {
            context.evaluate(|context| decide_one(worker, compare, context))
        });
        matches!(decided, Ok(Ok(true)))
    }
}

/// Why the rules did not decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Undecided {
    #[error("the rules have no boolean variables `write` and `read`")]
    NoVariable,
    #[error("the evaluation of `write` and `read` failed")]
    Fault,
}

fn decide(running: &Revision, context: &RequestContext) -> Result<Route, Undecided> {
    let (write, read) = running.write.zip(running.read).ok_or(Undecided::NoVariable)?;
    let decided = worker::with_worker(running, |worker| {
        context.evaluate(|context| {
            let value = |variable| decide_one(worker, variable, context);
            Ok(Route {
                write: value(write)?,
                read: value(read)?,
            })
        })
    });
    decided.map_err(|_| Undecided::Fault)?
}

fn decide_one(
    worker: &Worker,
    variable: VariableId,
    context: &crossfade_evaluator::program::Context<'_>,
) -> Result<bool, Undecided> {
    let decision = worker.decide_variable(variable, context);
    // The default that an evaluation error is answered with may well be `true`.
    if decision.fault.is_some() {
        return Err(Undecided::Fault);
    }
    decision.as_bool().ok_or(Undecided::NoVariable)
}
