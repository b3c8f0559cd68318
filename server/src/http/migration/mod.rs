//! `/api/v1/migration…`: where the migration stands, and what an operator can have done about it.
//!
//! Long work is a [`job`](jobs): it is started, goes on by itself, and is asked how far it is.

pub(super) mod handlers;
pub(super) mod jobs;
