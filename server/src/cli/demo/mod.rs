//! `crossfade demo`: the whole story on two PostgreSQL servers of its own.
//!
//! - `stage` sets it: two clusters, the shop in old, its copy in new, the server between them;
//! - `folder` is where all of it is kept;
//! - `shop` creates, fills and copies the shop;
//! - `traffic` is its customers, who notice everything that goes wrong;
//! - `server` is Crossfade itself, in this process;
//! - `rules` is the rules folder and the edits that the story makes to it;
//! - `story` walks through the migration by itself, or leaves the stage to the visitor;
//! - `compare` proves at the end that both databases hold the same rows;
//! - `migration` goes through the stages, as an operator would;
//! - `interruptions` are Ctrl-C and its like;
//! - `report` is what was seen, and `terminal` how it is said.

mod compare;
mod folder;
mod interruptions;
mod migration;
mod report;
mod rules;
mod server;
mod shop;
mod stage;
mod story;
mod terminal;
mod traffic;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use self::interruptions::Interruptions;
use self::report::Report;
use self::stage::Stage;
use self::terminal::Terminal;
use super::output::{self, Format};

/// Shows a whole migration on two PostgreSQL servers of its own
///
/// Starts an old and a new PostgreSQL server, fills a small shop, copies it, starts Crossfade between them and lets
/// customers shop. Nothing outside its data folder is touched; Ctrl-C cleans up at any moment.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  crossfade demo                       look around; stop with Ctrl-C
  crossfade demo --auto                watch the migration, from the first rule to old's retirement, in a minute
  crossfade demo --auto --rollback     the same, and back to old once on the way
  crossfade demo --auto --format json  the same for a script: exit code 1 if anything failed or differs
  crossfade demo --data shop           keep the servers' data in ./shop and go on with it next time")]
pub struct Arguments {
    /// Walk through the whole migration, compare every row, and retire old
    #[arg(long)]
    auto: bool,

    /// Go back to old once, after the switch, and forth again
    #[arg(long, requires = "auto")]
    rollback: bool,

    /// How long the walk takes
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u64).range(5..=3600))]
    seconds: u64,

    /// Where the server listens; a free port unless said
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// Keep data and rules in this folder instead of in a temporary one
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Keep the temporary folder
    #[arg(long)]
    keep: bool,

    /// How many customers the shop has, each with some twenty rows
    #[arg(long, value_name = "N", default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1_000..=1_000_000))]
    customers: u32,

    /// How to say what happened: as it happens, or as one object at the end
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Arguments {
    pub(super) fn format(&self) -> Format {
        self.format
    }
}

/// Runs the demo to its end. Succeeds when no request failed and both databases are equal.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let terminal = match arguments.format {
        Format::Text => Terminal::on_stdout(),
        Format::Json => Terminal::silent(),
    };
    let Some(report) = show(&arguments, &terminal).await? else {
        terminal.say("Stopped; both servers are gone.");
        return Ok(ExitCode::from(INTERRUPTED));
    };
    match arguments.format {
        Format::Text => report.show(&terminal),
        Format::Json => output::say_json(&report)?,
    }
    Ok(if report.is_good() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Sets the stage, plays, and strikes it. No report when it was interrupted.
async fn show(arguments: &Arguments, terminal: &Terminal) -> anyhow::Result<Option<Report>> {
    let mut interruptions = Interruptions::listen()?;
    let Some(mut stage) = interruptions
        .or(Box::pin(Stage::set(arguments, terminal)))
        .await?
    else {
        return Ok(None);
    };
    let report = if arguments.auto {
        let length = Duration::from_secs(arguments.seconds);
        interruptions
            .or(Box::pin(story::walk(
                &mut stage,
                terminal,
                length,
                arguments.rollback,
            )))
            .await?
    } else {
        story::stay_open(&mut stage, terminal, &mut interruptions).await?
    };
    stage.close(terminal).await;
    Ok(report)
}

/// What shells expect of a program that Ctrl-C ended: 128 and the signal's number.
const INTERRUPTED: u8 = 130;
