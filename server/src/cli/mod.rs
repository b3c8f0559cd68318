//! The command line: one file a command, each with its examples in its help.
//!
//! Exit codes: 0 for what was asked, 1 where the answer is no (rules are wrong, a flag is unknown, a test failed),
//! 2 where the question could not be asked or put. With `--format json`, standard output holds JSON and nothing else,
//! also where a command fails. A reader that goes away ends a command in silence.

mod arguments;
mod build;
mod check;
mod completions;
mod config;
pub mod demo;
mod diff;
mod eval;
mod explain;
mod failure;
mod logging;
mod migrate;
mod output;
mod push;
mod serve;
mod settings;
mod test;
mod token;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use self::output::Format;
use self::settings::Shown;
use crate::config::LogFormat;

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
  crossfade diff rules next                        what an edit changes, and for whom
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
    Config(Box<config::Arguments>),
    Check(check::Arguments),
    Test(test::Arguments),
    Eval(eval::Arguments),
    Explain(explain::Arguments),
    Diff(diff::Arguments),
    Build(build::Arguments),
    Migrate(migrate::Arguments),
    Push(push::Arguments),
    Token(token::Arguments),
    Completions(completions::Arguments),
}

/// The answer is no.
const NO: u8 = 1;

/// The question could not be answered.
const TROUBLE: u8 = 2;

/// Reads the command line and does what it says.
pub fn main() -> ExitCode {
    let said = match Said::read() {
        Ok(Ok(said)) => said,
        Ok(Err(misuse)) => return explain_usage(&misuse),
        Err(error) => return failure::tell(&error, format_asked_for()),
    };
    logging::start(said.command.log_filter(), said.command.log_format());
    let format = said.command.format();
    said.command
        .run(said.settings)
        .unwrap_or_else(|error| failure::tell(&error, format))
}

/// The command line, understood.
struct Said {
    command: Command,
    /// The command's settings, and where each comes from.
    settings: Vec<Shown>,
}

impl Said {
    /// Reads the configuration file, if one is named, and then the command line.
    fn read() -> anyhow::Result<Result<Self, clap::Error>> {
        let file = settings::file(std::env::args_os())?;
        let mut parser = Crossfade::command().arg(settings::flag());
        if let Some(file) = &file {
            parser = settings::with_defaults(parser, file)?;
        }
        let understood = parser
            .try_get_matches_from_mut(std::env::args_os())
            .and_then(|matches| Ok((Crossfade::from_arg_matches(&matches)?.command, matches)));
        Ok(understood.map(|(command, matches)| Self {
            command,
            settings: settings::shown(&parser, &matches, file.as_ref()),
        }))
    }
}

impl Command {
    fn run(self, settings: Vec<Shown>) -> anyhow::Result<ExitCode> {
        match self {
            Self::Config(arguments) => config::run(&arguments, settings),
            Self::Demo(arguments) => runtime()?.block_on(demo::run(arguments)),
            Self::Serve(arguments) => runtime()?.block_on(serve::run(*arguments)),
            Self::Check(arguments) => check::run(&arguments),
            Self::Test(arguments) => test::run(&arguments),
            Self::Eval(arguments) => eval::run(&arguments),
            Self::Explain(arguments) => explain::run(&arguments),
            Self::Diff(arguments) => diff::run(&arguments),
            Self::Build(arguments) => build::run(&arguments),
            Self::Migrate(arguments) => runtime()?.block_on(migrate::run(arguments)),
            Self::Push(arguments) => runtime()?.block_on(push::run(arguments)),
            Self::Token(arguments) => token::run(&arguments),
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
            Self::Diff(arguments) => arguments.format(),
            Self::Build(arguments) => arguments.format(),
            Self::Migrate(arguments) => arguments.format(),
            Self::Push(arguments) => arguments.format(),
            Self::Token(arguments) => arguments.format(),
            Self::Config(arguments) => arguments.format(),
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

    fn log_format(&self) -> LogFormat {
        match self {
            Self::Serve(arguments) => arguments.log_format(),
            _ => LogFormat::Text,
        }
    }
}

/// What is not understood yet may still say how it wants to be answered.
fn format_asked_for() -> Format {
    if asks_for_json(std::env::args_os()) {
        Format::Json
    } else {
        Format::Text
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
