//! `/api/v1/features…` and its neighbours: rules read, explained and changed.
//!
//! Every change goes one way ([`change`]): the new files are checked and their tests run as `crossfade check` and `test`
//! do, what the change would do is shown ([`preview`]), and only then does it become a revision, with its author and
//! reason, and is waited for until it decides.

mod change;
mod error;
pub(super) mod features;
mod preview;
pub(super) mod revisions;
pub(super) mod rules;
pub(super) mod segments;

pub use error::ManagementError;
