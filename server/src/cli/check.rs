//! `crossfade check`: whether rules can be used, and everything that is wrong with them; and whether a flag is the same for everyone.

use std::io;
use std::process::ExitCode;
use std::str::FromStr;

use crossfade_evaluator::analysis::{Always, always, unreached};
use crossfade_evaluator::compile;
use crossfade_evaluator::diagnostic::{Severity, render_json, render_short};
use crossfade_evaluator::rules::Size;
use serde::Serialize;
use serde_json::Value;

use super::NO;
use super::arguments::{RulesArguments, moment};
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
  crossfade check --always read=true               whether everyone there could be reads from new

Exit codes: 0 usable, 1 not usable (or warnings, if denied, or not always so), 2 could not be read")]
pub(super) struct Arguments {
    #[command(flatten)]
    rules: RulesArguments,

    /// Fail on warnings too
    #[arg(long)]
    deny_warnings: bool,

    /// Prove that a flag has this value for every context, or show one for which it has not; may be repeated
    #[arg(long, value_name = "FLAG=VALUE")]
    always: Vec<Claim>,

    /// The moment from which on it is to be so, as in 2026-12-01T09:00:00Z; now unless said
    #[arg(long, value_name = "TIME", requires = "always")]
    from: Option<jiff::Timestamp>,

    /// How to answer
    #[arg(long, value_enum, default_value_t)]
    format: Shape,
}

/// `read=true`
#[derive(Debug, Clone, PartialEq)]
struct Claim {
    flag: String,
    value: Value,
}

impl FromStr for Claim {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((flag, value)) if !flag.is_empty() => Ok(Self {
                flag: flag.to_owned(),
                // What is no JSON is a string that needs no quotes.
                value: serde_json::from_str(value).unwrap_or_else(|_| value.into()),
            }),
            _ => Err("a claim is written FLAG=VALUE"),
        }
    }
}

/// What is known of a claim.
#[derive(Debug, Serialize)]
struct Judged {
    flag: String,
    wanted: Value,
    #[serde(flatten)]
    answer: Always,
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
    claims: Vec<Judged>,
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
    #[serde(skip_serializing_if = "<[Judged]>::is_empty")]
    always: &'v [Judged],
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
        Ok(compiled) => usable(compiled, arguments)?,
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
    let is_always_so = verdict
        .claims
        .iter()
        .all(|judged| judged.answer == Always::Proved);
    Ok(if verdict.usable && !is_denied && is_always_so {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(NO)
    })
}

fn usable(compiled: Compiled, arguments: &Arguments) -> anyhow::Result<Verdict> {
    let from = &arguments.rules;
    let instance = compiled.program.instance()?;
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
    let version = Some(compiled.program.version().to_owned());
    let Some(rules) = &compiled.rules else {
        if let Some(claim) = arguments.always.first() {
            return Err(Failure::No(format!(
                "whether {} is always so cannot be told: {NO_SOURCES}",
                claim.flag
            ))
            .into());
        }
        return Ok(Verdict {
            usable: true,
            version,
            size,
            findings: compiled.warnings,
            notes,
            ..Verdict::default()
        });
    };
    let from_ms = arguments
        .from
        .unwrap_or_else(jiff::Timestamp::now)
        .as_millisecond();
    let claims = arguments.always.iter().map(|claim| {
        let answer = always(rules, &instance, &claim.flag, &claim.value, from_ms)
            .ok_or_else(|| Failure::No(format!("there is no flag `{}`", claim.flag)))?;
        Ok(Judged {
            flag: claim.flag.clone(),
            wanted: claim.value.clone(),
            answer,
        })
    });
    let claims = claims.collect::<Result<_, Failure>>()?;
    let findings = from.with(compiled.warnings, rules, unreached(rules));
    Ok(Verdict {
        usable: true,
        version,
        size,
        findings,
        notes,
        claims,
    })
}

fn text(verdict: &Verdict) -> String {
    let findings = verdict.findings.render(output::has_colour(&io::stdout()));
    findings + &notes(verdict) + &claims(verdict) + &summary(verdict)
}

fn short(verdict: &Verdict) -> String {
    let Findings {
        diagnostics, sources, ..
    } = &verdict.findings;
    render_short(diagnostics, sources) + &notes(verdict) + &claims(verdict) + &summary(verdict)
}

/// A line for what was to be proved, and for a context that refutes it.
fn claims(verdict: &Verdict) -> String {
    let told = |Judged { flag, wanted, answer }: &Judged| match answer {
        Always::Proved => format!("`{flag}` is {wanted} for every context\n"),
        Always::Refuted {
            example,
            value: found,
            rule,
        } => {
            let by = rule
                .as_ref()
                .map_or_else(|| "by default".to_owned(), |rule| format!("by the rule `{rule}`"));
            let at = example
                .now_ms
                .map(|now_ms| format!(" at {}", moment(now_ms)))
                .unwrap_or_default();
            let context = serde_json::json!(example.context);
            format!("`{flag}` is not always {wanted}: it is {found}, {by}, for {context}{at}\n")
        }
        Always::Unknown { why } => format!("whether `{flag}` is always {wanted} is unknown: {why}\n"),
    };
    verdict.claims.iter().map(told).collect()
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
        always: &verdict.claims,
        diagnostics: render_json(&verdict.findings.diagnostics, &verdict.findings.sources),
    }
}
