//! What operators rely on: what a server tells of itself, what it bears, and what it starts without. Flags only, so
//! that no database is needed.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on fails where it stands"
)]

mod bearing;
mod desk;
mod starting;
mod telling;
