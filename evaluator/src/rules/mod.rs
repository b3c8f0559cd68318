//! Rules files, read and checked: texts in, [`Rules`] or diagnostics out.

mod model;

pub use model::*;
