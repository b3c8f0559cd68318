//! Programs: modules loaded and run. Knows nothing of rules files, and runs any valid module of ours, whoever compiled it.
//!
//! A [`Program`] is shared by all threads; each thread has an [`Instance`] of its own and keeps it. A call writes what
//! the rules read of the [`Context`] straight into the instance's memory, calls one function, and names what comes back
//! from the [`Metadata`]: no allocation, no lock, no copy of the value.
//!
//! Modules may come from outside. They are validated and bounded before they are compiled ([`limits`]), have their memory and
//! time bounded while they run, and whatever goes wrong in one is a [`Decision`] of reason ERROR with the default's value.

pub mod abi;
mod bits;
mod context;
mod decision;
mod engine;
mod error;
mod instance;
mod limits;
mod load;
mod metadata;
mod names;
mod number_text;
mod slots;
mod sources;

pub use context::{Attributes, Context, Value};
pub use decision::{Decision, Decisions, Fault, Numbers, Reason};
pub use error::{DecideError, InstanceError, LoadError};
pub use instance::Instance;
pub use load::{Program, VariableId};
pub use metadata::{
    FeatureMetadata, Metadata, RuleMetadata, ScalarType, Slot, VariableMetadata, VariableType,
};
pub(crate) use names::TARGETING_KEY;
pub(crate) use number_text::NumberText;
pub(crate) use slots::{bool_of, double_of, int_of, uint_of};
pub use sources::{SourceFiles, add_sources, sources, without_sources};
