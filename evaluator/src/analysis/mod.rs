//! Exact answers about rules, for every context and every moment: rules that serve nobody ([`unreached`]), what a variable always
//! is ([`always`]), what two versions decide differently ([`difference`]).
//!
//! A condition is a boolean formula over tests ([`formula`]), and the tests of one attribute cut its values into finitely many classes
//! ([`domain`], with [`numbers`] and [`strings`]), a missing value being one. What a rollout takes in is a range of buckets, and
//! what a schedule does depends on which side of its instants the moment lies ([`moments`]). So a search that picks a class of whatever
//! the decision asks for next ([`search`]) sees every outcome there is.
//!
//! What is no test of one attribute (`a == b`, `size(name) > 3`) is taken to be true, false or unknown, as it may: what holds all the
//! same holds. An example is a context, and it is shown only after the compiled rules have decided it so ([`example`]). Where neither
//! comes of it, the answer says "unknown", never a guess; and so it does where the work would exceed a bound.

mod always;
mod difference;
mod domain;
mod example;
mod formula;
mod model;
mod moments;
mod numbers;
mod question;
mod search;
mod strings;
mod unreached;

pub use always::{Always, always};
pub use difference::{Change, Difference, Outcome, difference};
pub use example::Example;
pub use unreached::unreached;

/// So many steps a question takes at most: a second or two.
const STEPS: usize = 200_000;
