//! Crossfade: moves a live PostgreSQL database to a new one, one group of users at a time.
//!
//! The story of the house, from the bottom: `databases` reaches the two databases, `catalog` knows their
//! tables, `sync` carries changes from the primary to the secondary, `routing` lets the flags decide where each
//! request's writes and reads go.

pub mod catalog;
pub mod databases;
pub mod sync;
