//! The migration as a whole: what must be so before it begins, and how it goes from stage to stage, and back.
//!
//! - `preflight` looks at both databases and says what stands in the way, with the SQL that mends it;
//! - `schema` carries the structure from old to new, and compares both;
//! - `operator` is who does it and why, and `events` the record of what was done;
//! - `start` and `abort` lead from idle to syncing and back, `pause` holds the mirrors;
//! - `turn` makes the other database the primary: the switch and the rollback, by the fence of `fence`, once all
//!   `servers` know of it and every one of the `gates` is open, of which `rules` is the proof that nobody is left on old;
//! - `stream` is all of this where PostgreSQL's own replication is the transport;
//! - `complete` retires old, `remove` takes Crossfade out of a database, `report` tells the whole story;
//! - `status` is where it all stands, and `explain` says beforehand what each command would do.

mod abort;
mod complete;
mod error;
mod events;
pub mod explain;
mod fence;
mod gates;
mod operator;
mod pause;
pub mod preflight;
mod progress;
mod remove;
mod report;
mod rules;
pub mod schema;
mod servers;
mod start;
mod status;
mod stream;
mod turn;

pub use abort::abort;
pub use complete::{CompleteOptions, Completed, complete, obstacles};
pub use error::MigrationError;
pub use events::Event;
pub use gates::{Gate, Gates, Verdict};
pub use operator::Operator;
pub use pause::{pause, resume};
pub use progress::Progress;
pub use report::Report;
pub use rules::{Proof, Rules};
pub use start::{Started, start, start_by};
pub use status::{Drift, Status, status};
pub use stream::Stream;
pub use turn::{Differences, TurnOptions, Turned, gates, rollback, switch};
