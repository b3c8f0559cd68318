//! Rules compiled and run: what comes out of a module is what the rules say.

mod build;
mod story;
