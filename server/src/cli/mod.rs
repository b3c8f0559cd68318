//! The command line: one file a command, each with its examples in its help.
//!
//! Exit codes: 0 for what was asked, 1 where the answer is no (rules are wrong, a flag is unknown, a test failed),
//! 2 where the question could not be asked or put. With `--format json`, standard output holds JSON and nothing else,
//! also where a command fails. A reader that goes away ends a command in silence.

mod arguments;
mod build;
mod check;
mod completions;
pub mod demo;
mod eval;
mod explain;
mod failure;
mod migrate;
mod output;
mod serve;
mod test;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use self::output::Format;

/// Moves a live PostgreSQL database to a new one with no downtime, one group of users at a time
#[derive(Debug, Parser)]
#[command(
    name = "crossfade",
    version,
    max_term_width = 110,
    propagate_version = true,
    after_help = "\
Examples:
  crossfade demo --auto                            watch a whole migration in a minute
  crossfade check && crossfade test                before an edit of the rules ships
  crossfade eval --user 123 --set country=US       who gets what
  crossfade explain --user 123 --set country=US    and why
  crossfade build && crossfade serve --rules rules.wasm

Exit codes: 0 done; 1 the answer is no: wrong rules, a failed test, rows that differ; 2 no answer"
)]
struct Crossfade {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Arguments),
    Serve(Box<serve::Arguments>),
    Check(check::Arguments),
    Test(test::Arguments),
    Eval(eval::Arguments),
    Explain(explain::Arguments),
    Build(build::Arguments),
    Migrate(migrate::Arguments),
    Completions(completions::Arguments),
}

/// The answer is no.
const NO: u8 = 1;

/// The question could not be answered.
const TROUBLE: u8 = 2;

/// Reads the command line and does what it says.
pub fn main() -> ExitCode {
    let command = match Crossfade::try_parse() {
        Ok(crossfade) => crossfade.command,
        Err(misuse) => return explain_usage(&misuse),
    };
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or(command.log_filter())).init();
    let format = command.format();
    command
        .run()
        .unwrap_or_else(|error| failure::tell(&error, format))
}

impl Command {
    fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Demo(arguments) => runtime()?.block_on(demo::run(arguments)),
            Self::Serve(arguments) => runtime()?.block_on(serve::run(*arguments)),
            Self::Check(arguments) => check::run(&arguments),
            Self::Test(arguments) => test::run(&arguments),
            Self::Eval(arguments) => eval::run(&arguments),
            Self::Explain(arguments) => explain::run(&arguments),
            Self::Build(arguments) => build::run(&arguments),
            Self::Migrate(arguments) => runtime()?.block_on(migrate::run(arguments)),
            Self::Completions(arguments) => completions::run(&arguments, Crossfade::command()),
        }
    }

    /// How it answers, also that it failed.
    fn format(&self) -> Format {
        match self {
            Self::Demo(arguments) => arguments.format(),
            Self::Check(arguments) => arguments.format(),
            Self::Test(arguments) => arguments.format(),
            Self::Eval(arguments) => arguments.format(),
            Self::Explain(arguments) => arguments.format(),
            Self::Build(arguments) => arguments.format(),
            Self::Migrate(arguments) => arguments.format(),
            Self::Serve(_) | Self::Completions(_) => Format::Text,
        }
    }

    /// What is logged where `RUST_LOG` does not say: servers tell what they do, commands what goes wrong.
    fn log_filter(&self) -> &'static str {
        match self {
            Self::Serve(_) => "info",
            _ => "error",
        }
    }
}

/// Help, the version, or what is wrong with the command line.
fn explain_usage(misuse: &clap::Error) -> ExitCode {
    if misuse.use_stderr() && asks_for_json(std::env::args_os()) {
        let message = misuse.render().to_string();
        return failure::tell(&anyhow::Error::msg(message.trim_end().to_owned()), Format::Json);
    }
    // There is nobody to tell if that fails.
    let _ = misuse.print();
    if misuse.use_stderr() {
        ExitCode::from(TROUBLE)
    } else {
        ExitCode::SUCCESS
    }
}

/// Whether a command line that could not be understood says `--format json`.
fn asks_for_json(arguments: impl Iterator<Item = OsString>) -> bool {
    let arguments: Vec<OsString> = arguments.take_while(|argument| argument != "--").collect();
    let apart = arguments
        .windows(2)
        .any(|pair| pair[0] == "--format" && pair[1] == "json");
    apart || arguments.iter().any(|argument| argument == "--format=json")
}

fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}
