//! `crossfade migrate schema`: carries old's structure over to new, and compares both.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use crate::cli::NO;
use crate::cli::output::{self, Format, counted};
use crate::config::BothDatabases;
use crate::databases::{Databases, PoolOptions, Side};
use crate::migration::schema::{Comparison, Section, apply, compare, dump};

/// Compares the structure of both databases, and carries it over; exit code 1 if anything differs
///
/// Old's structure is read by `pg_dump` and applied in two sections: tables and their keys before rows are copied, indexes
/// and other constraints after it. What new has already stays as it is. Without `--apply` nothing is changed.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  crossfade migrate schema                                    what differs
  crossfade migrate schema --apply before-copy --dry-run      the SQL that would be run on new
  crossfade migrate schema --apply before-copy                tables, types, functions, views, keys
  crossfade migrate schema --apply after-copy                 indexes, constraints, triggers; then what differs")]
pub(super) struct Arguments {
    #[command(flatten)]
    databases: BothDatabases,

    /// The section to apply to new
    #[arg(long, value_enum, value_name = "SECTION")]
    apply: Option<Section>,

    /// Show the SQL and run nothing
    #[arg(long, requires = "apply")]
    dry_run: bool,

    /// How to answer
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// The answer in JSON.
#[derive(Serialize)]
struct Record<'c> {
    #[serde(skip_serializing_if = "Option::is_none")]
    made: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    there: Option<Vec<String>>,
    #[serde(flatten)]
    comparison: &'c Comparison,
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
    let mut applied = None;
    if let Some(section) = arguments.apply {
        let entries = dump(&databases, Side::Old, section).await?;
        if arguments.dry_run {
            let statements: Vec<&str> = entries.iter().map(|entry| entry.sql.as_str()).collect();
            match arguments.format {
                Format::Text => output::say(&statements.join("\n"))?,
                Format::Json => output::say_json(&statements)?,
            }
            return Ok(ExitCode::SUCCESS);
        }
        applied = Some(apply(&databases, Side::New, section, &entries).await?);
    }
    let comparison = compare(&databases).await?;
    match arguments.format {
        Format::Text => {
            let mut text = String::new();
            if let Some(applied) = &applied {
                // Writing into a string cannot fail.
                _ = writeln!(
                    text,
                    "{} made, {} there already",
                    counted(applied.made, "object"),
                    applied.there.len()
                );
            }
            _ = write!(text, "{comparison}");
            output::say(&text)?;
        }
        Format::Json => output::say_json(&Record {
            made: applied.as_ref().map(|applied| applied.made),
            there: applied.map(|applied| applied.there),
            comparison: &comparison,
        })?,
    }
    // Before the copy, what comes after it is still to differ.
    let is_done = comparison.is_equal() || arguments.apply == Some(Section::BeforeCopy);
    Ok(if is_done {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(NO)
    })
}
