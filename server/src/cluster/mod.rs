//! Real PostgreSQL servers that Crossfade starts itself, for the demo and for tests.
//!
//! A [`Cluster`] is one PostgreSQL server with a data folder of its own, listening on loopback only. It can be
//! stopped, killed and started again on the same port, which is how tests and the demo break a database on purpose.
//!
//! - `programs` finds `initdb` and `postgres`, and says how to install them;
//! - `owner` chooses the user they run as, because a PostgreSQL server refuses to be root;
//! - `options` is what a caller may ask for;
//! - `home` prepares the data folder, by `initdb` or as a copy of an earlier one;
//! - `process` runs the server so that it never outlives us, however we end;
//! - `server` is the [`Cluster`] itself.
//!
//! Nothing here knows what is kept in the databases, and nothing else in the product depends on it but `demo`.

mod error;
mod home;
mod options;
mod owner;
mod process;
mod programs;
mod server;

pub use error::ClusterError;
pub use options::Options;
pub use programs::Programs;
pub use server::{Cluster, Stop};
