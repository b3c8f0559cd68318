//! How changes reach the secondary.
//!
//! `stage` is where the migration stands, `position` a point in the primary's history, `transport` which of two ways is taken; `journal` is the
//! transport that needs nothing but ownership of the tables, `publish_subscribe` the one over PostgreSQL's own logical
//! replication. Which request goes where is not known here.

pub mod journal;
mod position;
pub mod publish_subscribe;
mod stage;
mod transport;

pub use position::{InvalidPosition, Position};
pub use stage::{Stage, State, UnreadableState, read_state};
pub use transport::Transport;
