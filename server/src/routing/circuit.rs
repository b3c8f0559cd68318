//! Whether the secondary is worth asking at the moment.
//!
//! After some failures in a row nobody asks it for a while; then one request may try, and its success lets all
//! the others back. (M. Nygard, "Release It!", 2007: circuit breaker.)

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A circuit breaker for one database.
#[derive(Debug, Default)]
pub struct Circuit {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    open_until: Option<Instant>,
    probing: bool,
}

const FAILURES_TO_OPEN: u32 = 3;
const FIRST_OPEN: Duration = Duration::from_millis(250);
const LONGEST_OPEN: Duration = Duration::from_secs(2);

/// Leave to ask the database once. Dropped without a verdict, it is as if nobody had asked.
#[derive(Debug)]
#[must_use]
pub struct Pass<'c> {
    circuit: &'c Circuit,
    /// This one asks while nobody else may.
    is_probe: bool,
}

impl Circuit {
    /// Leave to ask the database now, if it is worth asking. Past the waiting time one caller gets it, who is the
    /// probe.
    pub fn try_pass(&self) -> Option<Pass<'_>> {
        let mut state = self.state();
        let is_probe = match state.open_until {
            None => false,
            Some(until) if state.probing || Instant::now() < until => return None,
            Some(_) => true,
        };
        state.probing = is_probe;
        Some(Pass {
            circuit: self,
            is_probe,
        })
    }

    /// True while the database is not asked.
    pub fn is_open(&self) -> bool {
        self.state().open_until.is_some()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass<'_> {
    /// The database answered.
    pub fn succeeded(self) {
        let mut state = self.circuit.state();
        if state.open_until.is_some() {
            log::info!("the secondary answers again");
        }
        *state = State::default();
    }

    /// The database did not answer, or not in time.
    pub fn failed(self) {
        let mut state = self.circuit.state();
        state.failures = state.failures.saturating_add(1);
        if state.failures < FAILURES_TO_OPEN {
            return;
        }
        if state.open_until.is_none() {
            log::warn!(
                "the secondary does not answer; the primary is used alone, and the secondary is tried again"
            );
        }
        let wait = FIRST_OPEN * 2_u32.saturating_pow((state.failures - FAILURES_TO_OPEN).min(8));
        state.open_until = Some(Instant::now() + wait.min(LONGEST_OPEN));
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.is_probe {
            self.circuit.state().probing = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pass(circuit: &Circuit) -> Pass<'_> {
        circuit.try_pass().unwrap()
    }

    /// Open, and past its waiting time.
    fn to_be_probed() -> Circuit {
        let circuit = Circuit::default();
        for _ in 0..FAILURES_TO_OPEN {
            pass(&circuit).failed();
        }
        circuit.state().open_until = Some(Instant::now());
        circuit
    }

    #[test]
    fn failures_in_a_row_open_it_and_one_success_closes_it() {
        let circuit = Circuit::default();
        pass(&circuit).failed();
        pass(&circuit).succeeded();
        pass(&circuit).failed();
        pass(&circuit).failed();
        let under_way = pass(&circuit);
        pass(&circuit).failed();
        assert!(circuit.is_open());
        assert!(circuit.try_pass().is_none());
        under_way.succeeded();
        pass(&circuit).succeeded();
    }

    #[test]
    fn past_the_wait_one_caller_probes() {
        let circuit = to_be_probed();
        let probe = pass(&circuit);
        assert!(circuit.try_pass().is_none());
        probe.succeeded();
        assert!(!circuit.is_open());
    }

    #[test]
    fn a_probe_that_failed_is_waited_for_anew() {
        let circuit = to_be_probed();
        pass(&circuit).failed();
        assert!(circuit.try_pass().is_none());
    }

    #[test]
    fn a_probe_that_ended_without_a_verdict_leaves_it_to_the_next() {
        let circuit = to_be_probed();
        drop(pass(&circuit));
        pass(&circuit).succeeded();
        assert!(!circuit.is_open());
    }
}
