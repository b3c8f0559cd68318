//! `crossfade migrate`: the migration's own commands. Those here work on the two databases themselves, with a server
//! running or not.

mod preflight;
mod progress;
mod repair;
mod schema;
mod verify;

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;

use super::output::Format;
use crate::config::BothDatabases;
use crate::databases::{Databases, PoolOptions, Side};
use crate::sync::{Stage, read_state};

/// Prepares, verifies and repairs a migration
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  crossfade migrate preflight              what stands in the way of a migration, and how to mend it
  crossfade migrate schema                 whether both databases have the same structure
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
    Verify(verify::Arguments),
    Repair(repair::Arguments),
}

impl Arguments {
    pub(super) fn format(&self) -> Format {
        match &self.command {
            Command::Preflight(arguments) => arguments.format(),
            Command::Schema(arguments) => arguments.format(),
            Command::Verify(arguments) => arguments.format(),
            Command::Repair(arguments) => arguments.format(),
        }
    }
}

pub(super) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        Command::Preflight(arguments) => preflight::run(arguments).await,
        Command::Schema(arguments) => schema::run(arguments).await,
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
    let mut old = databases.mirror_session(Side::Old).await?;
    let state = read_state(&mut old, Side::Old)
        .await
        .context("cannot tell which database is the primary")?;
    drop(old);
    let primary = if state.stage == Stage::Switched {
        Side::New
    } else {
        Side::Old
    };
    Ok((databases, primary))
}
