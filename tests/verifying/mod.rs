//! The verifier finds whatever differs, names it, and calls nothing different that is only on its way; repair makes
//! equal what it found.

mod finding;
mod shapes;
mod still;
mod under_way;
