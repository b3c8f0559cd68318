//! A model of how Crossfade carries changes over, small enough to be explored completely.
//!
//! `scenario` says what happens in one bounded world: who writes what, who reads, what may break. `state` is
//! everything that the two databases and the processes between them hold at one moment. The steps that lead from
//! one state to the next follow `server/src/sync/journal` and `server/src/routing`: `writing` commits on the
//! primary with capture, `mirroring` is the workers and the awaited mirrors, `copying` the backfill, `reading` the
//! position guard, `faults` what a crash leaves behind. `system` puts them together for the checker, which tries
//! every order of steps, and `promises` says what must hold in each state.
//!
//! A `Flaw` breaks one rule of the protocol on purpose: a model that could not find the divergence then would
//! prove nothing.

mod check;
mod copying;
mod faults;
mod flaw;
mod mirroring;
mod promises;
mod reading;
mod scenario;
mod state;
mod system;
mod writing;

pub use check::{Outcome, Violation, explore};
pub use flaw::Flaw;
pub use promises::{Occasion, Promise};
pub use scenario::{Change, Scenario, Script, Write};
