//! The whole system on real PostgreSQL servers: each file proves one promise.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test whose surroundings fail should fail and say where"
)]

mod clusters;
mod copying;
mod crashes;
mod layers;
mod mirroring;
mod outages;
mod reading;
mod shop;
mod support;
