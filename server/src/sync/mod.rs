//! How changes reach the secondary.
//!
//! `stage` is where the migration stands, `position` a point in the primary's history; `journal` is the
//! transport that needs nothing but ownership of the tables. Which request goes where is not known here.

pub mod journal;
mod position;
mod stage;

pub use position::{InvalidPosition, Position};
pub use stage::{Stage, State, UnreadableState, read_state};
