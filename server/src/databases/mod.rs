//! The two databases and every way to reach them. Nothing else in the house connects.
//!
//! Each [`Side`] has two pools: one for the application's own statements, and one for mirror sessions, whose
//! settings are pinned so that values travel as exact text and no trigger fires twice. What the SQL says is
//! not known here.

pub use crate::config::DatabaseUrl;

mod connection;
mod error;
mod side;
mod statement;
mod steps;
mod transaction;

pub use connection::{Connection, Databases, PoolOptions};
pub use error::{DatabaseError, with_causes};
pub use side::{Role, Side};
pub use statement::{Image, Statement, Typed};
pub use steps::{Step, Watcher};
pub use transaction::{begin, commit, roll_back};
