//! The tests that rule authors write beside their rules, run against the compiled program: what each expected and what
//! it got ([`Report`]), and which rules and variations no test reaches ([`Coverage`]).
//!
//! It asks the program and nothing else, so that what passes here is what a server decides.

mod coverage;
mod report;
mod run;
mod select;

pub use coverage::{Count, Coverage, Gap, GapKind};
pub use report::{Decided, Difference, Report, Tested};
pub use run::run;
pub use select::Selection;
