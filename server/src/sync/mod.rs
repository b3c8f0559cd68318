//! How changes reach the secondary, and which of the two databases is the primary.
//!
//! `stage` is where the migration stands, `position` a point in the primary's history, `transport` which of two ways is
//! taken; `journal` is the transport that needs nothing but ownership of the tables, `publish_subscribe` the one over
//! PostgreSQL's own logical replication; `handover` makes the other database the primary; `servers` are all that use the
//! databases, and `answers` what they keep for requests that may come again. Which request goes where is not known here.

pub mod answers;
pub mod handover;
pub mod journal;
mod position;
pub mod publish_subscribe;
pub mod servers;
mod stage;
mod transport;

pub use position::{InvalidPosition, Position};
pub use stage::{Stage, State, UnreadableState, find_state, primary_of, read_state};
pub use transport::Transport;
