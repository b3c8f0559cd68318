//! Running the tests: each in its own context and at its own moment.

use super::coverage::{Coverage, Reached};
use super::report::{Decided, Difference, Report, Tested};
use super::select::Selection;
use crate::program::{Context, Decision, Instance, InstanceError, Program, Reason, Value};
use crate::rules::{Feature, Rules, Test};
use crate::source::Place;

/// Runs the selected tests of the rules against the program that was compiled from them. Tests that name no moment
/// take place at `now_ms`, in milliseconds since the Unix epoch.
pub fn run(
    rules: &Rules,
    program: &Program,
    now_ms: i64,
    selection: &Selection,
) -> Result<Report, InstanceError> {
    let instance = program.instance()?;
    let mut report = Report {
        version: rules.version.clone(),
        now_ms,
        passed: 0,
        failed: 0,
        tests: Vec::new(),
        coverage: Vec::new(),
    };
    for feature in &rules.features {
        let mut reached = Reached::default();
        for test in &feature.tests {
            let place = rules.sources.place(test.span);
            if !selection.has(&feature.name, &place) {
                continue;
            }
            let tested = one(feature, test, place, &instance, now_ms);
            if let Some(decided) = tested.decided.as_ref().filter(|_| test.expects_something()) {
                reached.note(decided);
            }
            if tested.passed {
                report.passed += 1;
            } else {
                report.failed += 1;
            }
            report.tests.push(tested);
        }
        if selection.is_everything() {
            report
                .coverage
                .push(Coverage::of(feature, &reached, &rules.sources));
        }
    }
    Ok(report)
}

fn one(feature: &Feature, test: &Test, place: Place, instance: &Instance, now_ms: i64) -> Tested {
    let attributes: Vec<(&str, Value<'_>)> = test
        .given
        .iter()
        .map(|(name, value)| (name.as_str(), value.into()))
        .collect();
    let context = Context::new(&attributes, test.at_ms.unwrap_or(now_ms));
    let decisions: Vec<Decision<'_>> = feature
        .variables
        .iter()
        .filter_map(|variable| instance.decide(&variable.key, &context).ok())
        .collect();
    let differences = differences(test, &decisions);
    Tested {
        feature: feature.name.clone(),
        place,
        given: test.given.clone(),
        at_ms: test.at_ms,
        passed: differences.is_empty(),
        differences,
        decided: decisions.first().map(decided),
    }
}

fn decided(decision: &Decision<'_>) -> Decided {
    Decided {
        variation: decision.variant.to_owned(),
        rule: decision.rule.map(str::to_owned),
        reason: decision.reason,
        fault: decision.fault,
    }
}

fn differences(test: &Test, decisions: &[Decision<'_>]) -> Vec<Difference> {
    // All variables of a feature share one answer; each has a value of its own.
    let Some(decision) = decisions.first() else {
        return vec![Difference::Answer { fault: None }];
    };
    if decision.reason == Reason::Error {
        return vec![Difference::Answer {
            fault: decision.fault,
        }];
    }
    let mut differences = Vec::new();
    for (key, expected) in &test.values {
        let found = decisions.iter().find(|decision| decision.key == key);
        let found = found.map(|decision| decision.value.clone()).unwrap_or_default();
        if *expected != found {
            differences.push(Difference::Value {
                key: key.clone(),
                expected: expected.clone(),
                found,
            });
        }
    }
    if let Some(expected) = &test.variation
        && expected != decision.variant
    {
        differences.push(Difference::Variation {
            expected: expected.clone(),
            found: decision.variant.to_owned(),
        });
    }
    if let Some(expected) = &test.rule
        && expected.as_deref() != decision.rule
    {
        differences.push(Difference::Rule {
            expected: expected.clone(),
            found: decision.rule.map(str::to_owned),
        });
    }
    differences
}
