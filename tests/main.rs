//! The whole system on real PostgreSQL servers: each file proves one promise.

#![expect(
    clippy::expect_used,
    reason = "a test whose surroundings fail should fail and say where"
)]

mod clusters;
mod layers;
mod mirroring;
mod reading;
mod shop;
mod support;
mod verifying;
