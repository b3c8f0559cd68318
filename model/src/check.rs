//! Runs the checker over one scenario.

use stateright::{Checker, HasDiscoveries, Model};

use crate::flaw::Flaw;
use crate::promises::{Occasion, Promise};
use crate::scenario::Scenario;
use crate::system::System;

/// What the checker found.
#[derive(Debug)]
pub struct Outcome {
    /// Different states that were reached; all there are, unless a promise was broken.
    pub states: usize,
    /// The promises that were broken, each with the shortest way to it that was found.
    pub violations: Vec<Violation>,
    /// Those of [`Occasion::ALL`] that happened.
    pub occasions: Vec<Occasion>,
}

/// A broken promise.
#[derive(Debug)]
pub struct Violation {
    /// Which one.
    pub promise: Promise,
    /// The steps that lead to it, one a line.
    pub path: Vec<String>,
}

/// Explores every order of steps of a scenario, with a rule broken or with none, on this many threads. It ends
/// early when a promise is broken.
pub fn explore(scenario: Scenario, flaw: Option<Flaw>, threads: usize) -> Outcome {
    let checker = System { scenario, flaw }
        .checker()
        .threads(threads)
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_bfs()
        .join();
    let discoveries = checker.discoveries();
    let violations = Promise::ALL.into_iter().filter_map(|promise| {
        let path = discoveries.get(promise.sentence())?;
        let steps = path.clone().into_actions();
        Some(Violation {
            promise,
            path: steps.iter().map(|step| format!("{step:?}")).collect(),
        })
    });
    let occasions = Occasion::ALL.into_iter();
    let occasions = occasions.filter(|occasion| discoveries.contains_key(occasion.sentence()));
    Outcome {
        states: checker.unique_state_count(),
        violations: violations.collect(),
        occasions: occasions.collect(),
    }
}
