//! What applications talk to: the server's routes, and how each answers.

pub mod data;
