//! Whether the new database is worth asking at the moment.
//!
//! After some failures in a row nobody asks it for a while; then one request may try, and its success lets all
//! the others back. (M. Nygard, "Release It!", 2007: circuit breaker.)

use std::sync::{Mutex, PoisonError};
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

impl Circuit {
    /// True if the database may be asked now. Past the waiting time, true for one caller, who is the probe:
    /// every `true` must be followed by [`Circuit::succeeded`] or [`Circuit::failed`].
    pub fn try_pass(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.open_until {
            None => true,
            Some(until) if Instant::now() < until => false,
            Some(_) if state.probing => {
                // A probe whose caller vanished must not keep the circuit open for ever.
                state.open_until = Some(Instant::now() + LONGEST_OPEN);
                state.probing = false;
                false
            }
            Some(_) => {
                state.probing = true;
                true
            }
        }
    }

    /// The database answered.
    pub fn succeeded(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.open_until.is_some() {
            log::info!("the new database answers again");
        }
        *state = State::default();
    }

    /// The database did not answer, or not in time.
    pub fn failed(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failures = state.failures.saturating_add(1);
        state.probing = false;
        if state.failures >= FAILURES_TO_OPEN {
            if state.open_until.is_none() {
                log::warn!(
                    "the new database does not answer; the old one is used alone, and new is tried again"
                );
            }
            let wait = FIRST_OPEN * 2_u32.saturating_pow((state.failures - FAILURES_TO_OPEN).min(8));
            state.open_until = Some(Instant::now() + wait.min(LONGEST_OPEN));
        }
    }

    /// True while the database is not asked.
    pub fn is_open(&self) -> bool {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .open_until
            .is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_in_a_row_open_it_and_one_success_closes_it() {
        let circuit = Circuit::default();
        circuit.failed();
        circuit.succeeded();
        circuit.failed();
        circuit.failed();
        assert!(circuit.try_pass());
        circuit.failed();
        assert!(circuit.is_open());
        assert!(!circuit.try_pass());
        circuit.succeeded();
        assert!(circuit.try_pass());
    }

    #[test]
    fn past_the_wait_one_caller_probes() {
        let circuit = Circuit::default();
        for _ in 0..FAILURES_TO_OPEN {
            circuit.failed();
        }
        circuit.state.lock().unwrap().open_until = Some(Instant::now());
        assert!(circuit.try_pass());
        assert!(!circuit.try_pass());
    }
}
