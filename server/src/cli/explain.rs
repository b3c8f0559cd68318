//! `crossfade explain`: why each rule matched or did not, offline, at any moment.

use std::io;
use std::process::ExitCode;

use crossfade_evaluator::diagnostic::nearest;
use crossfade_evaluator::explain::{Explanation, explain, render_text};
use crossfade_evaluator::rules::{Feature, Rules};

use super::arguments::{ContextArguments, RulesArguments};
use super::failure::Failure;
use super::output::{self, Format};

/// Explains decisions for a context: what each rule saw, and why it matched or not
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  crossfade explain --user 123 --set country=US               all features
  crossfade explain --user 123 read                           the feature that a flag belongs to
  crossfade explain --user 9 --at 2026-12-01T09:00:00Z        as it will be then
  crossfade explain --rules rules.wasm --context @user.json   by a built program, for a saved context
  crossfade explain --user 123 --format json                  for programs, dashboards, tickets")]
pub(super) struct Arguments {
    #[command(flatten)]
    rules: RulesArguments,

    #[command(flatten)]
    context: ContextArguments,

    /// How to answer
    #[arg(long, value_enum, default_value_t)]
    format: Format,

    /// What to explain, by a feature's name or one of its flags; all features unless said
    #[arg(value_name = "FEATURE|FLAG")]
    names: Vec<String>,
}

impl Arguments {
    pub(super) fn format(&self) -> Format {
        self.format
    }
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let context = arguments.context.context()?;
    let (_, rules) = arguments.rules.compile_from_rules()?;
    let unknown = |name: &&String| !rules.features.iter().any(|feature| goes_by(feature, name));
    if let Some(name) = arguments.names.iter().find(unknown) {
        return Err(Failure::No(nothing_called(name, &rules)).into());
    }
    let is_asked = |feature: &Feature| {
        arguments.names.is_empty() || arguments.names.iter().any(|name| goes_by(feature, name))
    };
    let explanation = context.evaluate(|context| explain(&rules, context, is_asked));
    let explanation = placed(explanation, &arguments.rules);
    match arguments.format {
        Format::Text => output::say(&render_text(&explanation, output::has_colour(&io::stdout())))?,
        Format::Json => output::say_json(&explanation)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether a name is a feature's, or that of one of its flags.
fn goes_by(feature: &Feature, name: &str) -> bool {
    feature.name == name || feature.variables.iter().any(|variable| variable.key == name)
}

fn nothing_called(name: &str, rules: &Rules) -> String {
    let features: Vec<&str> = rules
        .features
        .iter()
        .map(|feature| feature.name.as_str())
        .collect();
    let flags = rules.features.iter().flat_map(|feature| &feature.variables);
    let names = features
        .iter()
        .copied()
        .chain(flags.map(|variable| variable.key.as_str()));
    let meant = match nearest(name, names) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the features are {}", output::listed(&features)),
    };
    format!("there is no feature or flag `{name}`; {meant}")
}

/// The explanation with the rules folder before every file.
fn placed(mut explanation: Explanation, rules: &RulesArguments) -> Explanation {
    for feature in &mut explanation.features {
        feature.place.file = rules.shown(&feature.place.file);
        for rule in &mut feature.rules {
            rule.place.file = rules.shown(&rule.place.file);
        }
    }
    explanation
}
