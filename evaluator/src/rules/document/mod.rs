//! What the files look like: one struct a mapping, from which both the reader and the JSON Schema come.
//!
//! A document is read as far as it can be: what is wrong is reported and left out, and the rest is read on, so that
//! one run shows every mistake. Names are not resolved here and values not compared with their types.

mod context;
mod feature;
mod read;
mod scalars;
mod shapes;

pub(crate) use context::{AttributeDocument, ContextDocument};
pub(crate) use feature::{
    FeatureDocument, RolloutDocument, RuleDocument, ScheduleDocument, ServeDocument, TestDocument,
    VariableDocument,
};
pub(crate) use read::{Read, Reader, listed};
pub(crate) use scalars::{ConditionText, Instant, Percent, PercentRange};
pub(crate) use shapes::{Json, Mapping, Required, Spanned};
