//! Crossfade, the server: moves a live PostgreSQL database to a new one, one group of users at a time.

pub mod config;
