//! Conditions: CEL, the Common Expression Language, against an environment of names and types. Knows no features.
//!
//! The language is that of <https://github.com/google/cel-spec>, `doc/langdef.md`; what is left out is refused by name.

mod environment;
mod typed;

pub use environment::{Attribute, Environment, Segment};
pub use typed::*;
