//! Texts with names, and places in them. Knows nothing of what the texts mean.

mod place;
mod sources;
mod text;

pub use place::{FileId, Location, Place, Span};
pub use sources::{Source, Sources};
pub use text::{MappedText, Notation, Run};
