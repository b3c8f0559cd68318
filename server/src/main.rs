//! `crossfade`, the program. What it can do is under [`crossfade::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    crossfade::cli::main()
}
