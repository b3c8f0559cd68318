//! The structure of the database: from old to new, in two sections, and compared.
//!
//! `pg_dump` writes old's structure as SQL. What rows are copied into, with its keys, is applied before the copy; indexes,
//! foreign keys, triggers and policies after it, where they are made in one pass. Then both structures are compared
//! object by object, as their catalogs tell them, and again while the migration runs: whoever changes a table's shape in
//! the middle of it is noticed.
//!
//! - `dump` runs `pg_dump`, which `programs` finds; `entries` takes its answer apart;
//! - `apply` runs the entries on the other side; what is there already stays as it is;
//! - `structure` is what a database consists of, and its fingerprint; `compare` names each difference.

mod apply;
mod compare;
mod dump;
mod entries;
mod error;
mod programs;
mod structure;

pub use apply::{Applied, apply};
pub use compare::{Comparison, Difference, DifferenceKind, compare};
pub use dump::{Section, dump};
pub use entries::Entry;
pub use error::SchemaError;
pub use structure::{Fingerprint, Structure};
