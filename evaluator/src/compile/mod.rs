//! From checked rules to a WebAssembly module: each rule becomes code, and nothing in the module interprets rules.
//!
//! The module imports nothing, allocates nothing, and has no loop that its input does not bound. Its functions are
//! first the helpers (`helpers/*.wat`, the same in every module), then one for each feature, then what dispatches
//! to them:
//!
//! - `decide(feature: i32) -> i64` answers for one feature, packed as [`abi::Outcome`](crate::program::abi::Outcome);
//! - `decide_all()` answers for all of them, into an array in memory.
//!
//! Lowering goes feature by feature ([`feature`]); a condition becomes branches ([`truth`]), its comparisons one bit
//! each ([`relation`], [`membership`]), everything else values on the stack ([`value`]). What goes into memory is
//! placed by [`layout`]. The module and the host agree by [`crate::program::abi`] and nothing else.

mod arithmetic;
mod code;
mod comprehension;
mod describe;
mod error;
mod feature;
mod functions;
mod hash;
mod helpers;
mod layout;
mod lower;
mod membership;
mod module;
mod numbers;
mod pattern;
mod relation;
mod rollout;
mod split;
mod tables;
mod truth;
mod value;

pub use error::CompileError;
pub use module::compile;
pub(crate) use pattern::automaton;
