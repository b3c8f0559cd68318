//! `crossfade diff`: what changes from one version of rules to another, for whom, and for how many of a list of users.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use crossfade_evaluator::analysis::{Change, Difference, Outcome, difference};
use crossfade_evaluator::program::{Context, Instance};
use crossfade_evaluator::rules::Rules;
use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::NO;
use super::arguments::{RulesArguments, moment};
use super::output::{self, Format, counted};
use crate::flags::USER_ID;

/// Shows what changes between two versions of rules, with a context for each kind of change
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  crossfade diff rules next                        what an edit changes, for everyone there could be
  crossfade diff running.wasm rules                against what runs
  crossfade diff rules next --users users.txt      and for how many of these users, an ID a line
  crossfade diff rules next --users users.jsonl    a context a line, as a JSON object

Exit codes: 0 nothing changes, 1 something does (or may), 2 no answer")]
pub(super) struct Arguments {
    /// The rules before: a folder, a file, or a built .wasm
    #[arg(value_name = "OLD")]
    old: PathBuf,

    /// The rules after
    #[arg(value_name = "NEW")]
    new: PathBuf,

    /// A file of users: an ID a line, or a context as a JSON object a line
    #[arg(long, value_name = "FILE")]
    users: Option<PathBuf>,

    /// The moment from which on changes count, as in 2026-12-01T09:00:00Z; now unless said
    #[arg(long, value_name = "TIME")]
    from: Option<jiff::Timestamp>,

    /// How to answer
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// How many of a list of users something changes for.
#[derive(Debug, Default, Serialize)]
struct Users {
    users: usize,
    changed: usize,
    /// By variable, from one value to another.
    changes: Vec<UsersChange>,
}

#[derive(Debug, Serialize)]
struct UsersChange {
    variable: String,
    before: Json,
    after: Json,
    users: usize,
}

#[derive(Serialize)]
struct Record<'d> {
    #[serde(flatten)]
    difference: &'d Difference,
    #[serde(skip_serializing_if = "Option::is_none")]
    users: Option<&'d Users>,
}

impl Arguments {
    pub(super) fn format(&self) -> Format {
        self.format
    }
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let (old, new) = (version(&arguments.old)?, version(&arguments.new)?);
    let from_ms = arguments
        .from
        .unwrap_or_else(jiff::Timestamp::now)
        .as_millisecond();
    let difference = difference((&old.0, &old.1), (&new.0, &new.1), from_ms);
    let users = match &arguments.users {
        Some(path) => Some(count(&contexts(path)?, &old.1, &new.1, from_ms)),
        None => None,
    };
    match arguments.format {
        Format::Text => output::say(&text(&difference, users.as_ref()))?,
        Format::Json => output::say_json(&Record {
            difference: &difference,
            users: users.as_ref(),
        })?,
    }
    let is_same = difference == Difference::default();
    Ok(if is_same {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(NO)
    })
}

/// The rules, and what decides by them.
fn version(path: &Path) -> anyhow::Result<(Rules, Instance)> {
    let arguments = RulesArguments {
        rules: path.to_owned(),
    };
    let (compiled, rules) = arguments.compile_from_rules()?;
    Ok((rules, compiled.program.instance()?))
}

/// The users of a file: a line that begins with a brace is a context, another an ID.
fn contexts(path: &Path) -> anyhow::Result<Vec<Map<String, Json>>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let lines = text
        .lines()
        .enumerate()
        .map(|(number, line)| (number, line.trim()));
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(number, line)| {
            if !line.starts_with('{') {
                return Ok(Map::from_iter([(USER_ID.to_owned(), Json::from(line))]));
            }
            serde_json::from_str(line)
                .with_context(|| format!("{}:{}: no JSON object of attributes", path.display(), number + 1))
        })
        .collect()
}

/// What changes for these users.
fn count(contexts: &[Map<String, Json>], old: &Instance, new: &Instance, now_ms: i64) -> Users {
    let mut changed = 0;
    let mut changes: BTreeMap<(String, String, String), UsersChange> = BTreeMap::new();
    for context in contexts {
        let context = Context::new(context, now_ms);
        let before = old.decide_all(&context);
        let after: BTreeMap<&str, &Json> = new
            .decide_all(&context)
            .iter()
            .map(|decision| (decision.key, decision.value))
            .collect();
        let mut is_changed = false;
        for decision in before.iter() {
            let Some(value) = after.get(decision.key).filter(|value| **value != decision.value) else {
                continue;
            };
            is_changed = true;
            let key = (
                decision.key.to_owned(),
                decision.value.to_string(),
                value.to_string(),
            );
            let change = changes.entry(key).or_insert_with(|| UsersChange {
                variable: decision.key.to_owned(),
                before: decision.value.clone(),
                after: (*value).clone(),
                users: 0,
            });
            change.users += 1;
        }
        changed += usize::from(is_changed);
    }
    Users {
        users: contexts.len(),
        changed,
        changes: changes.into_values().collect(),
    }
}

fn text(difference: &Difference, users: Option<&Users>) -> String {
    let mut lines = Vec::new();
    for key in &difference.added {
        lines.push(format!("+ {key}: a new flag\n"));
    }
    for key in &difference.removed {
        lines.push(format!("- {key}: no more\n"));
    }
    let mut feature = "";
    for change in &difference.changes {
        if change.feature != feature {
            feature = &change.feature;
            lines.push(format!("{feature}\n"));
        }
        lines.push(told(change));
    }
    for (feature, why) in &difference.unknown {
        lines.push(format!(
            "{feature}: whether anything else changes is unknown: {why}\n"
        ));
    }
    if let Some(users) = users {
        lines.push(format!(
            "{} of {} change\n",
            users.changed,
            counted(users.users, "user")
        ));
        for change in &users.changes {
            lines.push(format!(
                "  {}: {} → {}, for {}\n",
                change.variable,
                change.before,
                change.after,
                counted(change.users, "user")
            ));
        }
    }
    lines.push(summary(difference));
    lines.concat()
}

/// A change in two lines: from what to what, and for whom.
fn told(change: &Change) -> String {
    let outcome = |outcome: &Outcome| {
        let rule = outcome
            .rule
            .as_deref()
            .map_or_else(|| "the default".to_owned(), |rule| format!("`{rule}`"));
        let values: Vec<String> = outcome
            .values
            .iter()
            .map(|(key, value)| format!("{key} {value}"))
            .collect();
        format!("{rule} ({})", values.join(", "))
    };
    let example = json!(change.example.context);
    let moment = change
        .example
        .now_ms
        .map(|now_ms| format!(" at {}", moment(now_ms)))
        .unwrap_or_default();
    format!(
        "  {} → {}\n    for example {example}{moment}\n",
        outcome(&change.before),
        outcome(&change.after)
    )
}

fn summary(difference: &Difference) -> String {
    let Difference {
        added,
        removed,
        changes,
        unknown,
    } = difference;
    if *difference == Difference::default() {
        return "nothing changes for anyone\n".to_owned();
    }
    let mut parts = vec![counted(changes.len(), "kind") + " of change"];
    if !added.is_empty() || !removed.is_empty() {
        parts.push(format!(
            "{} more, {} fewer",
            counted(added.len(), "flag"),
            removed.len()
        ));
    }
    if !unknown.is_empty() {
        parts.push(format!("{} not decided", counted(unknown.len(), "feature")));
    }
    parts.join(", ") + "\n"
}
