//! Rules compiled and run: what comes out of a module is what the rules say.

mod agreement;
mod build;
mod random;
mod reference;
mod story;
