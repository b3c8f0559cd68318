//! Proves that the secondary's rows equal the primary's, and makes equal those that do not.
//!
//! A table is read in `range`s of its key, in an order both sides share (`key_order`). For each range both sides give
//! a `checksum`; where they differ, `bisect` narrows the range down to keys, and `confirm` looks at those keys under
//! the mirror's own locks, so that no write under way is taken for a difference. `run` leads through all tables
//! and keeps in `record`, on the primary, how far it came and how it ended; `report` says what was found, and
//! `repair` mirrors exactly that. Which requests go where is not known here.

mod bisect;
mod checksum;
mod confirm;
mod error;
mod key_order;
mod options;
mod progress;
mod range;
mod record;
mod repair;
mod report;
mod run;
mod sql;
mod table;

pub use confirm::{Confirmed, KEYS_AT_ONCE, confirm};
pub use error::VerifyError;
pub use options::{Beginning, VerifyOptions};
pub use progress::Progress;
pub use record::{Verified, last_report, last_verification};
pub use repair::{Refused, Repaired, repair};
pub use report::{Difference, DifferenceKind, Report, TableReport};
pub use run::verify;
