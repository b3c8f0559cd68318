//! `crossfade migrate verify`: compares every row of both databases.

use std::process::ExitCode;
use std::str::FromStr;

use super::connect;
use super::progress::ProgressLine;
use crate::cli::NO;
use crate::cli::output::{self, Format};
use crate::config::BothDatabases;
use crate::verify::{Beginning, VerifyOptions, verify};

/// Compares every row of both databases; exit code 1 if any differs
///
/// It may run beside live traffic: a change that is on its way is no difference. The result is kept in the primary,
/// where `repair` and the gates find it.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  crossfade migrate verify                                 all tables
  crossfade migrate verify --table orders --table a.b      some of them
  crossfade migrate verify --busy 25                       at a quarter of the speed
  crossfade migrate verify --resume --format json          goes on after an interruption; answers in JSON")]
pub(super) struct Arguments {
    #[command(flatten)]
    databases: BothDatabases,

    /// A table to compare, as [SCHEMA.]TABLE; all of them unless said
    #[arg(long, value_name = "TABLE")]
    table: Vec<TableName>,

    /// Goes on where the last verification broke off
    #[arg(long)]
    resume: bool,

    /// How busy to keep the databases, in percent of the time
    #[arg(long, value_name = "PERCENT", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100))]
    busy: u32,

    /// How to answer
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// `table` or `schema.table`
#[derive(Debug, Clone, PartialEq, Eq)]
struct TableName {
    schema: String,
    table: String,
}

impl FromStr for TableName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (schema, table) = text.split_once('.').unwrap_or(("public", text));
        if schema.is_empty() || table.is_empty() {
            return Err("a table is written TABLE or SCHEMA.TABLE");
        }
        Ok(Self {
            schema: schema.to_owned(),
            table: table.to_owned(),
        })
    }
}

impl Arguments {
    pub(super) fn format(&self) -> Format {
        self.format
    }
}

pub(super) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let (databases, primary) = connect(&arguments.databases).await?;
    let options = VerifyOptions {
        tables: arguments
            .table
            .into_iter()
            .map(|name| (name.schema, name.table))
            .collect(),
        beginning: if arguments.resume {
            Beginning::WhereTheLastBrokeOff
        } else {
            Beginning::Afresh
        },
        busy_percent: arguments.busy,
        ..VerifyOptions::default()
    };
    let mut line = ProgressLine::on_stderr();
    let report = verify(&databases, primary, &options, |progress| line.show(progress)).await;
    line.end();
    let report = report?;
    match arguments.format {
        Format::Text => output::say(&report.to_string())?,
        Format::Json => output::say_json(&report)?,
    }
    Ok(if report.clean {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(NO)
    })
}
