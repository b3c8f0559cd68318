//! Rules compiled and run: what comes out of a module is what the rules say.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test whose surroundings fail should fail and say where"
)]

mod agreement;
mod build;
mod definition;
mod explained;
mod independent;
mod random;
mod reuse;
mod shares;
mod story;
mod values;
mod written;
