//! The migration as a whole: what must be so before it begins, and how it goes from stage to stage.
//!
//! - `preflight` looks at both databases and says what stands in the way, with the SQL that mends it;
//! - `schema` carries the structure from old to new, and compares both.

pub mod preflight;
pub mod schema;
