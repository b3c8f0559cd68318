//! `/api/v1/overview`: everything that the dashboard shows on its first page, at one moment or as it changes.
//!
//! - `model` is what is shown;
//! - `samples` is the traffic of the last minutes, measured every few seconds whether or not anybody looks;
//! - `record` is what the databases say of the migration, asked only while somebody looks, and not more often than it changes;
//! - `gather` puts it together, and `handlers` answer with it.
//!
//! An event holds everything rather than what is new, so whoever missed some has lost nothing.

mod gather;
pub(super) mod handlers;
pub(super) mod model;
mod record;
mod samples;

pub(super) use record::Records;
pub(super) use samples::Samples;
