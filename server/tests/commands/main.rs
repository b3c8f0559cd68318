//! The commands that work on rules, as people and scripts run them: the real program, what it says and its exit code.
//!
//! What it says is kept in `sessions/*.console`: commands, each with the output that it should have. Their folders of
//! rules are under `folders/`. `BLESS=1 cargo test --package crossfade --test commands` writes the outputs anew.

#![expect(
    clippy::expect_used,
    reason = "a test whose surroundings fail should fail and say where"
)]

mod desk;
mod documents;
mod everywhere;
mod limits;
mod programs;
mod sessions;
mod shipped;
