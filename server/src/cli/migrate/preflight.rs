//! `crossfade migrate preflight`: whether anything stands in the way of the migration.

use std::process::ExitCode;

use clap::Args;

use crate::cli::NO;
use crate::cli::output::{self, Format};
use crate::config::BothDatabases;
use crate::databases::{Databases, PoolOptions};
use crate::migration::preflight::{PreflightOptions, Verdict, preflight};
use crate::sync::Transport;

/// Looks for what stands in the migration's way, and says how to mend it; exit code 1 if anything blocks
///
/// It changes nothing. Every finding comes with the SQL that mends it, for somebody who may run it.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  crossfade migrate preflight
  crossfade migrate preflight --transport publish-subscribe
  crossfade migrate preflight --new-disk-free-gb 200 --format json

Exit codes: 0 nothing blocks, 1 something does, 2 a database could not be asked")]
pub(super) struct Arguments {
    #[command(flatten)]
    databases: BothDatabases,

    /// How changes will reach new
    #[arg(long, value_enum, default_value_t)]
    transport: Transport,

    /// What is free on new's disk, which SQL cannot ask
    #[arg(long, value_name = "GB")]
    new_disk_free_gb: Option<u32>,

    /// How to answer
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Arguments {
    pub(super) fn format(&self) -> Format {
        self.format
    }
}

pub(super) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let databases = Databases::new(
        &arguments.databases.old_database_url,
        &arguments.databases.new_database_url,
        PoolOptions::default(),
    );
    let options = PreflightOptions {
        transport: arguments.transport,
        new_disk_free_bytes: arguments.new_disk_free_gb.map(|gb| u64::from(gb) << 30),
        ..PreflightOptions::default()
    };
    let report = preflight(&databases, options).await?;
    match arguments.format {
        Format::Text => output::say(&report.to_string())?,
        Format::Json => output::say_json(&report)?,
    }
    Ok(match report.verdict {
        Verdict::Pass | Verdict::Warn => ExitCode::SUCCESS,
        Verdict::Block => ExitCode::from(NO),
    })
}
