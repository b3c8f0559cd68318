//! `crossfade push`: makes a folder of rules the next revision that all servers run.

use std::process::ExitCode;

use anyhow::Context as _;
use crossfade_evaluator::testing::{Selection, run as run_tests};
use serde_json::json;

use super::arguments::RulesArguments;
use super::failure::Failure;
use super::output::{self, Format};
use crate::config::BothDatabases;
use crate::databases::{Databases, PoolOptions};
use crate::flags::{DatabaseHistory, NewRevision, RequestContext, read_folder};

/// Publishes rules to all servers that run with --rules-store database
///
/// What cannot run, or whose tests fail, is not published. Every server decides by it within a second, or as soon as it
/// reaches the database again.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  crossfade push --reason 'Half of Pro'            the rules in ./rules
  crossfade push --rules rules --author ada        says who")]
pub(super) struct Arguments {
    #[command(flatten)]
    rules: RulesArguments,

    #[command(flatten)]
    databases: BothDatabases,

    /// Who publishes it
    #[arg(long, env = "USER", default_value = "")]
    author: String,

    /// Why
    #[arg(long, default_value = "")]
    reason: String,

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
    let (compiled, rules) = arguments.rules.compile_from_rules()?;
    let now_ms = RequestContext::new().now_ms();
    let report = run_tests(&rules, &compiled.program, now_ms, &Selection::default())?;
    if !report.is_good() {
        let message = format!(
            "{} of the tests in the files fail; crossfade test tells which",
            report.failed
        );
        return Err(Failure::No(message).into());
    }
    let files = read_folder(&arguments.rules.rules).context("the rules cannot be read")?;
    let urls = &arguments.databases;
    let databases = Databases::new(
        &urls.old_database_url,
        &urls.new_database_url,
        PoolOptions::default(),
    );
    let history = DatabaseHistory::new(databases);
    let latest = history.latest().await?;
    let version = compiled.program.version();
    if let Some((latest, _)) = latest.as_ref().filter(|(latest, _)| latest.version == version) {
        return say(
            &arguments,
            &format!("revision {} is this already: {version}", latest.id),
            latest.id,
        );
    }
    let new = NewRevision {
        author: arguments.author.clone(),
        reason: arguments.reason.clone(),
        version: version.to_owned(),
        files,
    };
    let made = history.commit(latest.map(|(latest, _)| latest.id), &new).await?;
    say(
        &arguments,
        &format!("revision {} is published: {version}", made.id),
        made.id,
    )
}

fn say(arguments: &Arguments, text: &str, revision: i64) -> anyhow::Result<ExitCode> {
    match arguments.format {
        Format::Text => output::say(text)?,
        Format::Json => output::say_json(&json!({ "revision": revision, "message": text }))?,
    }
    Ok(ExitCode::SUCCESS)
}
