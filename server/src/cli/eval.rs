//! `crossfade eval`: decides for a context, offline, at any moment.

use std::process::ExitCode;

use crossfade_evaluator::diagnostic::nearest;
use crossfade_evaluator::program::{Decision, Reason};
use serde::Serialize;
use serde_json::Value;

use super::arguments::{ContextArguments, RulesArguments};
use super::failure::Failure;
use super::output::{self, Format};

/// Decides flags for a context, offline, at any moment in time
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  crossfade eval --user 123 --set country=US              all flags
  crossfade eval --user 123 read                          one flag
  crossfade eval --rules next.wasm --context @user.json   by a built program, for a saved context
  crossfade eval --user 9 --at 2026-12-01T09:00:00Z       as it will be then")]
pub(super) struct Arguments {
    #[command(flatten)]
    rules: RulesArguments,

    #[command(flatten)]
    context: ContextArguments,

    /// How to answer
    #[arg(long, value_enum, default_value_t)]
    format: Format,

    /// The flags to decide; all of them unless said
    #[arg(value_name = "FLAG")]
    flags: Vec<String>,
}

/// One decision in JSON.
#[derive(Serialize)]
struct Answer<'d> {
    key: &'d str,
    value: &'d Value,
    variant: &'d str,
    reason: Reason,
    metadata: Origin<'d>,
}

#[derive(Serialize)]
struct Origin<'d> {
    feature: &'d str,
    rule: Option<&'d str>,
}

impl Arguments {
    pub(super) fn format(&self) -> Format {
        self.format
    }
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let context = arguments.context.context()?;
    let compiled = arguments.rules.compile()?;
    let known: Vec<&str> = compiled
        .program
        .metadata()
        .variables
        .iter()
        .map(|variable| variable.key.as_str())
        .collect();
    if let Some(unknown) = arguments
        .flags
        .iter()
        .find(|flag| !known.contains(&flag.as_str()))
    {
        return Err(Failure::No(no_flag(unknown, &known)).into());
    }
    let instance = compiled.program.instance()?;
    let is_asked = |key: &str| arguments.flags.is_empty() || arguments.flags.iter().any(|flag| flag == key);
    context.evaluate(|context| {
        let keys = known.iter().filter(|key| is_asked(key));
        let decisions: Vec<Decision<'_>> = keys
            .filter_map(|key| instance.decide(key, context).ok())
            .collect();
        match arguments.format {
            Format::Text => output::say(&output::table(&decisions.iter().map(row).collect::<Vec<_>>())),
            Format::Json => output::say_json(&decisions.iter().map(answer).collect::<Vec<_>>()),
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

fn no_flag(unknown: &str, known: &[&str]) -> String {
    let meant = match nearest(unknown, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the rules have {}", output::listed(known)),
    };
    format!("there is no flag `{unknown}`; {meant}")
}

fn row(decision: &Decision<'_>) -> Vec<String> {
    let from = match decision.rule {
        Some(rule) => format!("{}: {rule}", decision.feature),
        None => decision.feature.to_owned(),
    };
    let cells = [
        decision.key,
        &decision.value.to_string(),
        decision.variant,
        decision.reason.as_str(),
        &from,
    ];
    cells.map(str::to_owned).to_vec()
}

fn answer<'d>(decision: &Decision<'d>) -> Answer<'d> {
    Answer {
        key: decision.key,
        value: decision.value,
        variant: decision.variant,
        reason: decision.reason,
        metadata: Origin {
            feature: decision.feature,
            rule: decision.rule,
        },
    }
}
