//! Why a rule matched or did not: checked rules walked for one context and moment, with all that was seen on the way.
//!
//! [`explain`](explain()) answers with an [`Explanation`], which serialises to JSON for machines; [`render_text`] shows it to
//! people. Nothing here is compiled: conditions are evaluated as they stand ([`condition`](crate::condition)), so that this is
//! also what compiled rules are held against.

mod cause;
mod evaluate;
mod explanation;
mod feature;
mod functions;
mod given;
mod lines;
mod seen;
mod serve;
mod text;
mod value;

pub use cause::Cause;
pub use explanation::{
    Bucket, DecisionExplained, Explanation, FeatureExplained, GivenAttribute, Portion, RolloutSeen,
    RuleExplained, RuleOutcome, Split, Standing, WindowSeen,
};
pub use feature::explain;
pub use seen::{Finding, Form, Seen, SegmentSeen};
pub use text::render_text;
pub use value::Shown;
