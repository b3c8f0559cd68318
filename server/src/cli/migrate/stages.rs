//! `crossfade migrate status|start|pause|resume|switch|rollback|complete|abort`: the stages, on the databases themselves.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use crate::cli::NO;
use crate::cli::arguments::RulesArguments;
use crate::cli::output::{self, Format};
use crate::config::BothDatabases;
use crate::databases::{Databases, PoolOptions, Side};
use crate::migration::{
    self, CompleteOptions, Differences, Gates, MigrationError, Operator, Progress, Rules, TurnOptions,
};
use crate::sync::Transport;

/// What every one of these commands is told.
#[derive(Debug, Clone, Args)]
pub(super) struct Common {
    #[command(flatten)]
    databases: BothDatabases,

    /// Who does this, for the record; user@machine unless said
    #[arg(long, value_name = "NAME")]
    who: Option<String>,

    /// Why, for the record
    #[arg(long, value_name = "REASON", default_value = "")]
    why: String,

    /// How to answer
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Says where the migration stands
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  crossfade migrate status
  crossfade migrate status --format json")]
pub(super) struct Status {
    #[command(flatten)]
    common: Common,
}

/// Captures changes of old and copies its rows to new; goes on where it was interrupted
///
/// The tables must be in new already.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  crossfade migrate start --why \"CHG-1234\"
  crossfade migrate start --transport publish-subscribe   by PostgreSQL's own replication
  crossfade migrate start --dry-run")]
pub(super) struct Start {
    #[command(flatten)]
    common: Common,

    /// How changes reach new; the one that it began with, or journal, unless said
    #[arg(long, value_enum, value_name = "TRANSPORT")]
    transport: Option<Transport>,

    /// Says what would be done, and does nothing
    #[arg(long)]
    dry_run: bool,
}

/// Holds the mirrors: changes wait in the journal
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  crossfade migrate pause --why \"new is being vacuumed\"
  crossfade migrate pause --dry-run")]
pub(super) struct Pause {
    #[command(flatten)]
    common: Common,

    /// Says what would be done, and does nothing
    #[arg(long)]
    dry_run: bool,
}

/// Lets the mirrors go on
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  crossfade migrate resume
  crossfade migrate resume --dry-run")]
pub(super) struct Resume {
    #[command(flatten)]
    common: Common,

    /// Says what would be done, and does nothing
    #[arg(long)]
    dry_run: bool,
}

/// Makes new the primary; exit code 1 if a gate is closed
///
/// Writers wait for a moment and go on against new; old follows, so that `rollback` can undo it with nothing lost.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  crossfade migrate switch --dry-run                     which gates are open, and what would be done
  crossfade migrate switch --why \"CHG-1234\"
  crossfade migrate switch --rules rules.wasm --verified-within-minutes 10")]
pub(super) struct Switch {
    #[command(flatten)]
    common: Common,

    #[command(flatten)]
    rules: RulesArguments,

    #[command(flatten)]
    turn: Turn,

    /// How old the last verification may be
    #[arg(long, value_name = "N", default_value_t = 60)]
    verified_within_minutes: u64,

    /// Lets the structures of both databases differ
    #[arg(long)]
    accept_schema_differences: bool,
}

/// Makes old the primary again, with everything that was written since; exit code 1 if a gate is closed
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  crossfade migrate rollback --dry-run
  crossfade migrate rollback --why \"new is too slow\"")]
pub(super) struct Rollback {
    #[command(flatten)]
    common: Common,

    #[command(flatten)]
    turn: Turn,
}

#[derive(Debug, Clone, Args)]
struct Turn {
    /// Says which gates are open and what would be done, and does nothing
    #[arg(long)]
    dry_run: bool,

    /// For how long writers may be kept waiting
    #[arg(long, value_name = "MS", default_value_t = 2_000)]
    longest_fence_ms: u64,
}

/// Retires old: it becomes read-only, and nothing of Crossfade is left in either database
///
/// It cannot be undone. The whole story is written to files first.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  crossfade migrate complete --dry-run
  crossfade migrate complete --report migration           writes migration.md and migration.json")]
pub(super) struct Complete {
    #[command(flatten)]
    common: Common,

    /// Where to write the report, without .md and .json
    #[arg(long, value_name = "PATH", default_value = "crossfade-report")]
    report: PathBuf,

    /// How old the last verification may be
    #[arg(long, value_name = "N", default_value_t = 60)]
    verified_within_minutes: u64,

    /// Says what would be done, and does nothing
    #[arg(long)]
    dry_run: bool,
}

/// Ends the migration before the switch, and removes everything of Crossfade from both databases
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  crossfade migrate abort --why \"postponed\"")]
pub(super) struct Abort {
    #[command(flatten)]
    common: Common,

    /// Says what would be done, and does nothing
    #[arg(long)]
    dry_run: bool,
}

/// What a turn would do, and whether it may.
#[derive(Serialize)]
struct Explained<'e> {
    #[serde(flatten)]
    gates: &'e Gates,
    steps: &'e str,
}

impl Common {
    fn databases(&self) -> Databases {
        let urls = &self.databases;
        Databases::new(
            &urls.old_database_url,
            &urls.new_database_url,
            PoolOptions::default(),
        )
    }

    fn operator(&self) -> Operator {
        let who = self.who.clone().unwrap_or_else(|| {
            let user = std::env::var("USER").unwrap_or_else(|_| "somebody".to_owned());
            let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
            format!("{user}@{}", host.trim())
        });
        Operator::new(&self.databases(), who, &self.why)
    }

    /// Says what was done, as a text or as an object.
    fn say(&self, text: &str, value: &impl Serialize) -> anyhow::Result<()> {
        match self.format {
            Format::Text => output::say(&format!("{text}\n"))?,
            Format::Json => output::say_json(value)?,
        }
        Ok(())
    }

    /// A gate that is closed is an answer, everything else an error.
    fn answer<T: Serialize>(
        &self,
        outcome: Result<T, MigrationError>,
        in_words: impl FnOnce(&T) -> String,
    ) -> anyhow::Result<ExitCode> {
        match outcome {
            Ok(done) => {
                self.say(&in_words(&done), &done)?;
                Ok(ExitCode::SUCCESS)
            }
            Err(MigrationError::Refused(gates)) => {
                self.say(&gates.to_string(), &gates)?;
                Ok(ExitCode::from(NO))
            }
            Err(MigrationError::Preflight(report)) => {
                self.say(report.to_string().trim_end(), &report)?;
                Ok(ExitCode::from(NO))
            }
            Err(error) => Err(error.into()),
        }
    }
}

macro_rules! format_of {
    ($($command:ident)*) => { $(impl $command {
        pub(super) fn format(&self) -> Format {
            self.common.format
        }
    })* };
}
format_of!(Status Start Pause Resume Switch Rollback Complete Abort);

/// What is being done, on standard error, in place of what was said before.
fn tell(progress: &Progress) {
    let lively = io::stderr().is_terminal();
    let passing = matches!(
        progress,
        Progress::Copying { .. } | Progress::AwaitingServers { .. }
    );
    // There is nobody to tell if that fails.
    let _ = match (lively, passing) {
        (true, true) => write!(io::stderr().lock(), "\r\x1b[2K{progress}"),
        (true, false) => writeln!(io::stderr().lock(), "\r\x1b[2K{progress}"),
        (false, _) => writeln!(io::stderr().lock(), "{progress}"),
    };
}

pub(super) async fn show_status(arguments: &Status) -> anyhow::Result<ExitCode> {
    let common = &arguments.common;
    let databases = common.databases();
    let status = async {
        let mut status = migration::status(&databases).await?;
        status.look_further(&databases).await?;
        Ok(status)
    };
    let status = status.await;
    common.answer(status, |status| status.to_string().trim_end().to_owned())
}

pub(super) async fn start(arguments: &Start) -> anyhow::Result<ExitCode> {
    let common = &arguments.common;
    if arguments.dry_run {
        return explain(
            common,
            &migration::explain::start(&common.databases(), arguments.transport),
        );
    }
    let operator = common.operator();
    let started = match arguments.transport {
        Some(transport) => migration::start_by(&operator, transport, &mut tell).await,
        None => migration::start(&operator, &mut tell).await,
    };
    common.answer(started, |started| {
        format!(
            "syncing: {} tables follow, {} were copied now",
            started.tables,
            started.copied.len()
        )
    })
}

pub(super) async fn pause(arguments: &Pause) -> anyhow::Result<ExitCode> {
    let common = &arguments.common;
    if arguments.dry_run {
        return explain(common, migration::explain::PAUSE);
    }
    let paused = migration::pause(&common.operator()).await;
    common.answer(paused, |()| "the mirrors are paused".to_owned())
}

pub(super) async fn resume(arguments: &Resume) -> anyhow::Result<ExitCode> {
    let common = &arguments.common;
    if arguments.dry_run {
        return explain(common, migration::explain::RESUME);
    }
    let resumed = migration::resume(&common.operator()).await;
    common.answer(resumed, |()| "the mirrors run".to_owned())
}

pub(super) async fn switch(arguments: &Switch) -> anyhow::Result<ExitCode> {
    let (compiled, rules) = arguments.rules.compile_from_rules()?;
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let options = TurnOptions {
        rules: Some(Rules::prove(&compiled, &rules, now_ms)?),
        verified_within: minutes(arguments.verified_within_minutes),
        longest_fence: Duration::from_millis(arguments.turn.longest_fence_ms),
        differences: if arguments.accept_schema_differences {
            Differences::Accepted
        } else {
            Differences::Refused
        },
    };
    turn(&arguments.common, &arguments.turn, Side::New, &options).await
}

pub(super) async fn rollback(arguments: &Rollback) -> anyhow::Result<ExitCode> {
    let options = TurnOptions {
        longest_fence: Duration::from_millis(arguments.turn.longest_fence_ms),
        ..TurnOptions::default()
    };
    turn(&arguments.common, &arguments.turn, Side::Old, &options).await
}

async fn turn(
    common: &Common,
    arguments: &Turn,
    to: Side,
    options: &TurnOptions,
) -> anyhow::Result<ExitCode> {
    let operator = common.operator();
    if arguments.dry_run {
        let gates = migration::gates(&operator, to, options).await?;
        let steps = migration::explain::turn(&common.databases(), to).await?;
        let steps = steps.trim_end();
        common.say(
            &format!("{gates}\n\n{steps}"),
            &Explained { gates: &gates, steps },
        )?;
        return Ok(if gates.are_open() {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(NO)
        });
    }
    let turned = match to {
        Side::New => migration::switch(&operator, options, &mut tell).await,
        Side::Old => migration::rollback(&operator, options, &mut tell).await,
    };
    common.answer(turned, |turned| {
        if turned.before {
            format!(
                "{} is the primary already, in epoch {}",
                turned.primary, turned.epoch
            )
        } else {
            format!(
                "{} is the primary, in epoch {}; writers waited for {:.0} ms",
                turned.primary, turned.epoch, turned.fence_ms
            )
        }
    })
}

pub(super) async fn complete(arguments: &Complete) -> anyhow::Result<ExitCode> {
    let common = &arguments.common;
    if arguments.dry_run {
        return explain(common, migration::explain::COMPLETE);
    }
    let options = CompleteOptions {
        verified_within: minutes(arguments.verified_within_minutes),
    };
    let path = arguments.report.clone();
    let mut keep = move |report: &migration::Report| keep(&path, report);
    let completed = migration::complete(&common.operator(), &options, &mut keep, &mut tell).await;
    common.answer(completed, |completed| match &completed.report {
        Some(_) => format!(
            "completed; the story is in {0}.md and {0}.json",
            arguments.report.display()
        ),
        None => "completed; the story was written before".to_owned(),
    })
}

fn keep(path: &Path, report: &migration::Report) -> io::Result<()> {
    let json = serde_json::to_string_pretty(report)?;
    std::fs::write(path.with_added_extension("json"), json)?;
    std::fs::write(path.with_added_extension("md"), report.to_markdown())
}

pub(super) async fn abort(arguments: &Abort) -> anyhow::Result<ExitCode> {
    let common = &arguments.common;
    if arguments.dry_run {
        return explain(common, migration::explain::ABORT);
    }
    let aborted = migration::abort(&common.operator(), &mut tell).await;
    common.answer(aborted, |()| {
        "idle: nothing of Crossfade is left in either database".to_owned()
    })
}

fn explain(common: &Common, steps: &str) -> anyhow::Result<ExitCode> {
    common.say(
        steps.trim_end(),
        &serde_json::json!({ "steps": steps.trim_end() }),
    )?;
    Ok(ExitCode::SUCCESS)
}

fn minutes(number: u64) -> Duration {
    Duration::from_secs(number.saturating_mul(60))
}
