//! `/api/v1/migration…`: where the migration stands, and what an operator can have done about it.
//!
//! Long work is a [`job`](jobs): it is started, goes on by itself, and is asked how far it is. The stages are
//! [`commands`]; a [`plan`] says beforehand which gates are open and what one would do, and a [`refusal`] why it was not done.

pub(super) mod commands;
pub(super) mod handlers;
pub(super) mod jobs;
pub(super) mod order;
pub(super) mod plan;
pub(super) mod refusal;
