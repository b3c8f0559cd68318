//! The command line of Crossfade.

fn main() {}
