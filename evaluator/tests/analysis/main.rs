//! What is said of rules for every context is so: beside enumeration of small worlds, and case by case.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test whose surroundings fail should fail and say where"
)]

mod answers;
mod enumerated;
mod world;
