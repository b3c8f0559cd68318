//! The command line: one file a command, each with its examples in its help.
//!
//! Exit codes: 0 for what was asked, 1 where the answer is no (rules are wrong, a flag is unknown, a test failed),
//! 2 where the question could not be asked or put. A reader that goes away ends a command in silence.

mod arguments;
pub mod demo;
mod eval;
mod migrate;
mod output;
mod serve;

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Moves a live PostgreSQL database to a new one with no downtime, one group of users at a time
#[derive(Debug, Parser)]
#[command(name = "crossfade", version, max_term_width = 110, propagate_version = true)]
struct Crossfade {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Arguments),
    Serve(Box<serve::Arguments>),
    Eval(eval::Arguments),
    Migrate(migrate::Arguments),
}

/// The answer is no.
const NO: u8 = 1;

/// The question could not be answered.
const TROUBLE: u8 = 2;

/// Reads the command line and does what it says.
pub fn main() -> ExitCode {
    let command = Crossfade::parse().command;
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or(command.log_filter())).init();
    match command.run() {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&format!("{error:#}"));
            ExitCode::from(TROUBLE)
        }
    }
}

impl Command {
    fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Demo(arguments) => runtime()?.block_on(demo::run(arguments)),
            Self::Serve(arguments) => runtime()?.block_on(serve::run(*arguments)),
            Self::Eval(arguments) => eval::run(&arguments),
            Self::Migrate(arguments) => runtime()?.block_on(migrate::run(arguments)),
        }
    }

    /// What is logged where `RUST_LOG` does not say: servers tell what they do, commands what goes wrong.
    fn log_filter(&self) -> &'static str {
        match self {
            Self::Serve(_) => "info",
            Self::Demo(_) | Self::Eval(_) | Self::Migrate(_) => "error",
        }
    }
}

fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let mut causes = error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes.any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}
