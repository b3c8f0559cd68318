//! `/data` on a real PostgreSQL server: every answer is compared with what SQL written by hand answers.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on fails where it stands"
)]

mod reading;
mod refusing;
mod shelf;
mod writing;
