//! Crossfade: moves a live PostgreSQL database to a new one, one group of users at a time.
//!
//! The story of the house, from the bottom: `config` is what an operator says, `databases` reaches the two
//! databases, `catalog` knows their tables, `flags` runs the compiled rules, `sync` carries changes from the
//! primary to the secondary, `verify` proves that they arrived, `migration` goes from stage to stage, `routing` lets the flags decide where each request's writes and reads go, and
//! `http` is what applications talk to.

pub mod catalog;
pub mod cli;
pub mod cluster;
pub mod config;
pub mod databases;
pub mod flags;
pub mod http;
pub mod migration;
pub mod routing;
pub mod sync;
pub mod verify;

pub use http::serve;
