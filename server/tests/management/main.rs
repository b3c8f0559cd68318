//! The management API: rules read, changed and explained over HTTP, with the files as the truth.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on fails where it stands"
)]

mod asking;
mod changing;
mod desk;
mod refusing;
mod tokens;
