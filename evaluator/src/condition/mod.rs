//! Conditions: CEL, the Common Expression Language, against an environment of names and types. Knows no features.
//!
//! The language is that of <https://github.com/google/cel-spec>, `doc/langdef.md`; what is left out is refused by name.

mod check;
mod environment;
mod lists;
mod literal;
mod mistakes;
mod parse;
mod pattern;
mod syntax;
mod time;
mod token;
mod typed;
mod types;
mod version;
mod walk;

pub use check::check;
pub use environment::{Attribute, BadAttribute, Environment, Segment};
pub(crate) use lists::{Element, Members, members_of};
pub(crate) use parse::is_name;
pub(crate) use pattern::Searcher;
pub use time::parse_timestamp;
pub(crate) use time::{format_duration, format_timestamp, is_timestamp, timestamp_field};
pub use typed::*;
pub(crate) use version::{compare_versions, version_mistake};
