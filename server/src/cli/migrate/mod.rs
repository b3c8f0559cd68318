//! `crossfade migrate`: the migration's own commands. Those here work on the two databases themselves, with a server
//! running or not.

mod preflight;
mod progress;
mod repair;
mod schema;
mod stages;
mod verify;

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;

use super::output::Format;
use crate::config::BothDatabases;
use crate::databases::{Databases, PoolOptions, Side};
use crate::sync::handover::standing;

/// Leads a migration from stage to stage
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  crossfade migrate preflight              what stands in the way of a migration, and how to mend it
  crossfade migrate schema                 whether both databases have the same structure
  crossfade migrate status                 where it stands
  crossfade migrate start                  captures changes of old and copies its rows to new
  crossfade migrate switch --dry-run       what keeps new from becoming the primary
  crossfade migrate verify                 whether all rows of both databases are equal
  crossfade migrate repair                 makes equal what was found to differ
  crossfade migrate verify --help          each command has its own examples")]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, Subcommand)]
enum Command {
    Preflight(preflight::Arguments),
    Schema(schema::Arguments),
    Status(stages::Status),
    Start(stages::Start),
    Pause(stages::Pause),
    Resume(stages::Resume),
    Verify(verify::Arguments),
    Repair(repair::Arguments),
    Switch(stages::Switch),
    Rollback(stages::Rollback),
    Complete(stages::Complete),
    Abort(stages::Abort),
}

impl Arguments {
    pub(super) fn format(&self) -> Format {
        match &self.command {
            Command::Preflight(arguments) => arguments.format(),
            Command::Schema(arguments) => arguments.format(),
            Command::Status(arguments) => arguments.format(),
            Command::Start(arguments) => arguments.format(),
            Command::Pause(arguments) => arguments.format(),
            Command::Resume(arguments) => arguments.format(),
            Command::Switch(arguments) => arguments.format(),
            Command::Rollback(arguments) => arguments.format(),
            Command::Complete(arguments) => arguments.format(),
            Command::Abort(arguments) => arguments.format(),
            Command::Verify(arguments) => arguments.format(),
            Command::Repair(arguments) => arguments.format(),
        }
    }
}

pub(super) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        Command::Preflight(arguments) => preflight::run(arguments).await,
        Command::Schema(arguments) => schema::run(arguments).await,
        Command::Status(arguments) => stages::show_status(&arguments).await,
        Command::Start(arguments) => stages::start(&arguments).await,
        Command::Pause(arguments) => stages::pause(&arguments).await,
        Command::Resume(arguments) => stages::resume(&arguments).await,
        Command::Switch(arguments) => stages::switch(&arguments).await,
        Command::Rollback(arguments) => stages::rollback(&arguments).await,
        Command::Complete(arguments) => stages::complete(&arguments).await,
        Command::Abort(arguments) => stages::abort(&arguments).await,
        Command::Verify(arguments) => verify::run(arguments).await,
        Command::Repair(arguments) => repair::run(arguments).await,
    }
}

/// The two databases, and which of them is the primary, as old's record has it.
async fn connect(urls: &BothDatabases) -> anyhow::Result<(Databases, Side)> {
    let databases = Databases::new(
        &urls.old_database_url,
        &urls.new_database_url,
        PoolOptions::default(),
    );
    let state = standing(&databases, Side::Old)
        .await
        .context("cannot tell which database is the primary")?;
    let primary = state.primary();
    Ok((databases, primary))
}
