//! `crossfade test`: runs the tests in the rules files against the compiled program.

use std::fmt::Write as _;
use std::process::ExitCode;

use crossfade_evaluator::testing::{self, Count, Coverage, Difference, GapKind, Report, Selection, Tested};
use serde_json::Value;

use super::NO;
use super::arguments::{RulesArguments, moment};
use super::failure::Failure;
use super::output::{self, Format, counted};

/// Runs the tests in the rules files, and tells what they do not reach
///
/// A feature's file may say under `tests:` what a context should get. Each test is put to the compiled program, the one
/// that `serve` runs, at the moment that it names with `at:`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  crossfade test                              all tests of ./rules
  crossfade test checkout                     of features with `checkout` in their names
  crossfade test rules/checkout.yaml:24       the one on that line
  crossfade test --require-coverage           every rule, variation and default needs a test
  crossfade test --at 2026-12-24T00:00:00Z    as it will be then, where a test says no `at:`

Exit codes: 0 all passed, 1 a test failed (or a gap in the coverage that is required), 2 not run")]
pub(super) struct Arguments {
    #[command(flatten)]
    rules: RulesArguments,

    /// Fail if a rule, a variation or a default is reached by no test
    #[arg(long, conflicts_with = "filter")]
    require_coverage: bool,

    /// The moment of tests that name none, as in 2026-12-01T09:00:00Z; now unless said
    #[arg(long, value_name = "TIME")]
    at: Option<jiff::Timestamp>,

    /// How to answer
    #[arg(long, value_enum, default_value_t)]
    format: Format,

    /// Which tests: a part of a feature's name, or a place as `FILE:LINE`; all of them unless said
    #[arg(value_name = "NAME-FILTER")]
    filter: Vec<String>,
}

impl Arguments {
    pub(super) fn format(&self) -> Format {
        self.format
    }
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let (compiled, rules) = arguments.rules.compile_from_rules()?;
    let now = arguments.at.unwrap_or_else(jiff::Timestamp::now);
    let selection = Selection::new(arguments.filter.iter().cloned());
    let mut report = testing::run(&rules, &compiled.program, now.as_millisecond(), &selection)?;
    if !selection.is_everything() && report.tests.is_empty() {
        let names: Vec<&str> = rules
            .features
            .iter()
            .map(|feature| feature.name.as_str())
            .collect();
        return Err(Failure::No(format!(
            "no test matches `{}`; the features are {}",
            arguments.filter.join("` or `"),
            output::listed(&names)
        ))
        .into());
    }
    place(&mut report, &arguments.rules);
    match arguments.format {
        Format::Text => output::say(&text(&report))?,
        Format::Json => output::say_json(&report)?,
    }
    let is_covered = !arguments.require_coverage || report.gaps().next().is_none();
    Ok(if report.is_good() && is_covered {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(NO)
    })
}

/// Puts the rules folder before every path, so that an editor finds it.
fn place(report: &mut Report, rules: &RulesArguments) {
    let tests = report.tests.iter_mut().map(|test| &mut test.place);
    let coverage = report.coverage.iter_mut().flat_map(|coverage| {
        let gaps = coverage.gaps.iter_mut().map(|gap| &mut gap.place);
        std::iter::once(&mut coverage.place).chain(gaps)
    });
    for place in tests.chain(coverage) {
        place.file = rules.shown(&place.file);
    }
}

fn text(report: &Report) -> String {
    let mut text = String::new();
    for test in report.tests.iter().filter(|test| !test.passed) {
        text.push_str(&failed(test, report.now_ms));
        text.push('\n');
    }
    let with_gaps: Vec<&Coverage> = report
        .coverage
        .iter()
        .filter(|coverage| !coverage.gaps.is_empty())
        .collect();
    if !with_gaps.is_empty() {
        text.push_str("No test reaches\n");
        for coverage in with_gaps {
            text.push_str(&gaps(coverage));
        }
        text.push('\n');
    }
    text + &summary(report)
}

fn failed(test: &Tested, now_ms: i64) -> String {
    let mut rows = vec![
        ["given".to_owned(), given(&test.given)],
        ["at".to_owned(), moment(test.at_ms.unwrap_or(now_ms))],
    ];
    rows.extend(test.differences.iter().map(difference));
    if let Some(decided) = &test.decided {
        let by = rule(decided.rule.as_deref());
        rows.push([
            "decided".to_owned(),
            format!("{}, by {by}: {}", decided.variation, decided.reason),
        ]);
    }
    let rows: Vec<Vec<String>> = rows.into_iter().map(Vec::from).collect();
    format!(
        "FAILED {}, a test of {}\n{}",
        test.place,
        test.feature,
        indented(&output::table(&rows))
    )
}

fn difference(difference: &Difference) -> [String; 2] {
    let (what, expected, found) = match difference {
        Difference::Value { key, expected, found } => (key.as_str(), expected.to_string(), found.to_string()),
        Difference::Variation { expected, found } => ("variation", expected.clone(), found.clone()),
        Difference::Rule { expected, found } => ("rule", rule(expected.as_deref()), rule(found.as_deref())),
        Difference::Answer { fault: Some(fault) } => {
            return ["answer".to_owned(), format!("the program failed: {fault:?}")];
        }
        Difference::Answer { fault: None } => {
            return [
                "answer".to_owned(),
                "the feature has no variables to ask for".to_owned(),
            ];
        }
    };
    [what.to_owned(), format!("expected {expected}, got {found}")]
}

/// A rule in quotes, since names of rules are sentences.
fn rule(name: Option<&str>) -> String {
    name.map_or_else(|| "default".to_owned(), |name| format!("\"{name}\""))
}

/// `{ user_id: "123", country: "US" }`, as it stands in the file.
fn given(attributes: &[(String, Value)]) -> String {
    if attributes.is_empty() {
        return "{}".to_owned();
    }
    let attributes: Vec<String> = attributes
        .iter()
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    format!("{{ {} }}", attributes.join(", "))
}

fn gaps(coverage: &Coverage) -> String {
    let total = coverage.total();
    let mut text = format!(
        "  of {} ({} of {} reached)\n",
        coverage.feature, total.reached, total.of
    );
    for gap in &coverage.gaps {
        let what = match gap.kind {
            GapKind::Rule => format!("rule \"{}\"", gap.name),
            GapKind::Variation => format!("variation {}", gap.name),
            GapKind::Default => format!("default, {}", gap.name),
        };
        // Writing into a string cannot fail.
        let _ = writeln!(text, "    {}: {what}", gap.place);
    }
    text
}

/// `12 tests: 11 passed, 1 failed; they reach 7 of 8 rules, 9 of 9 variations, 3 of 3 defaults`
fn summary(report: &Report) -> String {
    let tests = counted(report.tests.len(), "test");
    let mut text = format!("{tests}: {} passed, {} failed", report.passed, report.failed);
    if !report.coverage.is_empty() {
        let sum = |count: fn(&Coverage) -> Count, what: &str| {
            let counts = || report.coverage.iter().map(count);
            let (reached, of): (usize, usize) = (
                counts().map(|count| count.reached).sum(),
                counts().map(|count| count.of).sum(),
            );
            format!("{reached} of {}", counted(of, what))
        };
        let _ = write!(
            text,
            "; they reach {}, {}, {}",
            sum(|coverage| coverage.rules, "rule"),
            sum(|coverage| coverage.variations, "variation"),
            sum(|coverage| coverage.default, "default"),
        );
    }
    text
}

fn indented(text: &str) -> String {
    let mut indented = String::new();
    for line in text.lines() {
        indented.push_str("  ");
        indented.push_str(line);
        indented.push('\n');
    }
    indented
}
