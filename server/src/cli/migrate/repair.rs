//! `crossfade migrate repair`: makes equal what the last verification found to differ.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;

use super::connect;
use crate::catalog::Catalog;
use crate::cli::NO;
use crate::cli::output::{self, Format};
use crate::config::BothDatabases;
use crate::verify::{Difference, Repaired, last_report, repair};

/// Mirrors the rows that the last verification found to differ; exit code 1 if any could not be
///
/// It changes nothing else, and never the primary. Verify once more afterwards: that is what the gates ask for.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  crossfade migrate verify || crossfade migrate repair && crossfade migrate verify")]
pub(super) struct Arguments {
    #[command(flatten)]
    databases: BothDatabases,

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
    let (databases, primary) = connect(&arguments.databases).await?;
    let report = last_report(&databases, primary)
        .await?
        .context("nothing was verified yet, so there is nothing to repair; run crossfade migrate verify")?;
    let differences: Vec<Difference> = report.differences().cloned().collect();
    let repaired = repair(&databases, &Catalog::default(), primary, &differences).await?;
    match arguments.format {
        Format::Text => output::say(&text(&repaired))?,
        Format::Json => output::say_json(&repaired)?,
    }
    Ok(if repaired.refused.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(NO)
    })
}

fn text(repaired: &Repaired) -> String {
    let mut text = format!("{} rows are equal now\n", repaired.repaired);
    for refused in &repaired.refused {
        let row = &refused.difference;
        _ = writeln!(
            text,
            "not repaired: {}.{} ({}): {}",
            row.schema,
            row.table,
            row.key.join(", "),
            refused.reason
        );
    }
    text
}
