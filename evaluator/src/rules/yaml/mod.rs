//! YAML 1.2, and JSON as its subset, as a tree in which every node knows its place. Knows nothing of rules.
//!
//! Parsing is `granit-parser`'s; what is ours is the policy: plain scalars mean what the core schema says and no
//! more (`no` and `012` are no boolean and no octal number), duplicate keys are refused, aliases are bounded.

mod decode;
mod mistakes;
mod node;
mod parse;
mod scalar;

pub(crate) use mistakes::quote_rest_of_line;
pub(crate) use node::{Entry, Kind, Node, Scalar};
pub(crate) use parse::parse;
