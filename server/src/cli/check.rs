//! `crossfade check`: whether rules can be used, and everything that is wrong with them.

use std::io;
use std::process::ExitCode;

use crossfade_evaluator::compile;
use crossfade_evaluator::diagnostic::{Severity, render_json, render_short};
use crossfade_evaluator::rules::Size;
use serde::Serialize;
use serde_json::Value;

use super::NO;
use super::arguments::RulesArguments;
use super::failure::Failure;
use super::output::{self, Format, counted};
use crate::flags::{Compiled, Findings, RulesError};

/// Checks rules: everything wrong in every file at once
///
/// What it finds right it also compiles, loads and starts, so what passes is what `serve` takes.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  crossfade check                                  the rules in ./rules
  crossfade check --rules rules/checkout.yaml      one file, by the context and segments beside it
  crossfade check --rules next.wasm                a built program
  crossfade check --deny-warnings --format short   for CI and editors: a line for each finding

Exit codes: 0 usable, 1 not usable (or warnings, if denied), 2 could not be read")]
pub(super) struct Arguments {
    #[command(flatten)]
    rules: RulesArguments,

    /// Fail on warnings too
    #[arg(long)]
    deny_warnings: bool,

    /// How to answer
    #[arg(long, value_enum, default_value_t)]
    format: Shape,
}

/// How findings are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum Shape {
    /// For people, with the source underlined.
    #[default]
    Text,
    /// A line for each finding.
    Short,
    /// For programs.
    Json,
}

/// What there is to say.
#[derive(Debug, Default)]
struct Verdict {
    usable: bool,
    version: Option<String>,
    size: Size,
    findings: Findings,
    notes: Vec<&'static str>,
}

/// The verdict in JSON.
#[derive(Serialize)]
struct Record<'v> {
    usable: bool,
    version: Option<&'v str>,
    features: usize,
    rules: usize,
    errors: usize,
    warnings: usize,
    notes: &'v [&'static str],
    diagnostics: Value,
}

const NO_SOURCES: &str =
    "the program carries no sources (it was built with --strip), so only the program was checked";

const COMPILES_OTHERWISE: &str = "this version of crossfade compiles the program's sources to other code than the \
                                  program's; `crossfade build` makes it anew";

impl Arguments {
    pub(super) fn format(&self) -> Format {
        match self.format {
            Shape::Text | Shape::Short => Format::Text,
            Shape::Json => Format::Json,
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let verdict = match arguments.rules.compile_with_rules() {
        Ok(compiled) => usable(compiled, &arguments.rules)?,
        Err(Failure::Rules {
            error: RulesError::Wrong(findings),
            ..
        }) => Verdict {
            size: findings.size,
            findings,
            ..Verdict::default()
        },
        Err(other) => return Err(other.into()),
    };
    match arguments.format {
        Shape::Text => output::say(&text(&verdict))?,
        Shape::Short => output::say(&short(&verdict))?,
        Shape::Json => output::say_json(&record(&verdict))?,
    }
    let is_denied = arguments.deny_warnings && verdict.findings.of(Severity::Warning) > 0;
    Ok(if verdict.usable && !is_denied {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(NO)
    })
}

fn usable(compiled: Compiled, from: &RulesArguments) -> anyhow::Result<Verdict> {
    compiled.program.instance()?;
    let features = &compiled.program.metadata().features;
    let size = Size {
        features: features.len(),
        rules: features.iter().map(|feature| feature.rules.len()).sum(),
    };
    let mut notes = Vec::new();
    match &compiled.rules {
        None => notes.push(NO_SOURCES),
        Some(rules) if from.is_program() && compile::compile(rules)? != compiled.wasm => {
            notes.push(COMPILES_OTHERWISE);
        }
        Some(_) => {}
    }
    Ok(Verdict {
        usable: true,
        version: Some(compiled.program.version().to_owned()),
        size,
        findings: compiled.warnings,
        notes,
    })
}

fn text(verdict: &Verdict) -> String {
    let findings = verdict.findings.render(output::has_colour(&io::stdout()));
    findings + &notes(verdict) + &summary(verdict)
}

fn short(verdict: &Verdict) -> String {
    let Findings {
        diagnostics, sources, ..
    } = &verdict.findings;
    render_short(diagnostics, sources) + &notes(verdict) + &summary(verdict)
}

fn notes(verdict: &Verdict) -> String {
    let mut lines = String::new();
    for note in &verdict.notes {
        lines.push_str("note: ");
        lines.push_str(note);
        lines.push('\n');
    }
    lines
}

/// `12 features, 40 rules: 2 errors, 1 warning`
fn summary(verdict: &Verdict) -> String {
    format!(
        "{}, {}: {}, {}",
        counted(verdict.size.features, "feature"),
        counted(verdict.size.rules, "rule"),
        counted(verdict.findings.of(Severity::Error), "error"),
        counted(verdict.findings.of(Severity::Warning), "warning"),
    )
}

fn record(verdict: &Verdict) -> Record<'_> {
    Record {
        usable: verdict.usable,
        version: verdict.version.as_deref(),
        features: verdict.size.features,
        rules: verdict.size.rules,
        errors: verdict.findings.of(Severity::Error),
        warnings: verdict.findings.of(Severity::Warning),
        notes: &verdict.notes,
        diagnostics: render_json(&verdict.findings.diagnostics, &verdict.findings.sources),
    }
}
