//! Rules files, read and checked: texts in, [`Rules`] or diagnostics out.
//!
//! A folder is read in four steps: files are sorted into the context, segments and features ([`load`]); each text becomes
//! a tree (`yaml`) and then a document (`document`); the document is checked against the context (`feature`,
//! `targeting`, `values`, `expectations`); and what concerns several files is looked at last (`folder`).

pub(crate) mod buckets;
mod context;
mod document;
mod edit;
mod expectations;
mod feature;
mod folder;
mod load;
mod model;
mod reads;
mod schema;
mod segments;
mod targeting;
mod values;
mod yaml;

pub use edit::{Edit, EditError, Target, edit_feature, edit_segment};
pub use load::{Loaded, Loader, Size, load};
pub use model::*;
pub(crate) use reads::Reads;
pub use schema::schema;
