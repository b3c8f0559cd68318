//! Rules files in, decisions out.
//!
//! A folder of rules is read ([`rules`]), its conditions parsed and checked ([`condition`]), and what is
//! wrong told with its place ([`diagnostic`], [`source`]). What is checked is compiled to a WebAssembly
//! module ([`compile`]), and the module decides ([`program`]); the tests in the files are run against it ([`testing`]).
//! Why it decides so is found without it, from the rules ([`explain`](mod@explain)), and so is what they decide for every context
//! ([`analysis`]).
//!
//! The crate is pure: it opens no file and no socket, reads no clock and no environment variable.

pub mod analysis;
pub mod compile;
pub mod condition;
pub mod diagnostic;
pub mod explain;
pub mod program;
pub mod rules;
pub mod source;
pub mod testing;
