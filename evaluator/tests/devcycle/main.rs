//! Buckets, rollouts and weights against DevCycle's own bucketing, bit for bit, so that an imported feature keeps every user where
//! they are.
//!
//! `make devcycle` gets the answers, from DevCycle's package in the npm registry; without them nothing is asked here. A schedule is not
//! asked at the very millisecond it begins: there DevCycle serves nobody, whatever share the schedule begins with.

#![expect(
    clippy::expect_used,
    reason = "a test whose surroundings fail should fail and say where"
)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crossfade_evaluator::compile::compile;
use crossfade_evaluator::condition::parse_timestamp;
use crossfade_evaluator::explain::explain;
use crossfade_evaluator::program::{Context, Program, Value};
use crossfade_evaluator::rules::load;
use serde::Deserialize;
use serde_json::{Value as Json, json};

/// What was asked of DevCycle.
#[derive(Deserialize)]
struct Questions {
    salts: Vec<String>,
    rollouts: Vec<f64>,
    distributions: Vec<Vec<f64>>,
    schedule: Schedule,
}

#[derive(Deserialize)]
struct Schedule {
    from: String,
    to: String,
    start: f64,
    end: f64,
    moments: Vec<String>,
}

/// What DevCycle makes of a user.
#[derive(Deserialize)]
struct Row {
    user: String,
    salt: String,
    bucketing: f64,
    rollout: f64,
    /// For each rollout.
    passes: Vec<bool>,
    /// For each distribution, the position in it.
    chosen: Vec<usize>,
    /// For each moment of the schedule.
    scheduled: Vec<bool>,
}

fn main() -> ExitCode {
    // Cargo hands the names of the tests that it is asked for to every test binary.
    let names: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    if !names.is_empty() && !names.iter().any(|name| "devcycle".contains(name.as_str())) {
        return ExitCode::SUCCESS;
    }
    let Ok(lines) = std::fs::read_to_string(beside("rows.jsonl")) else {
        println!("DevCycle's answers are not here; `make devcycle` gets them");
        return ExitCode::SUCCESS;
    };
    let questions = std::fs::read_to_string(beside("questions.json")).expect("the questions");
    let questions: Questions = serde_json::from_str(&questions).expect("questions as rows.mjs reads them");
    let mut lines = lines.lines();
    let head: Json =
        serde_json::from_str(lines.next().unwrap_or_default()).expect("where the rows come from");
    let rows: Vec<Row> = lines
        .map(|line| serde_json::from_str(line).expect("a row as rows.mjs writes it"))
        .collect();

    let mut asked = 0;
    let mut wrong = Vec::new();
    for (number, salt) in questions.salts.iter().enumerate() {
        let own: Vec<&Row> = rows.iter().filter(|row| row.salt == *salt).collect();
        asked += ask(&questions, number, salt, &own, &mut wrong);
    }
    for line in wrong.iter().take(20) {
        println!("{line}");
    }
    println!(
        "{} users of {}: {asked} answers compared bit for bit, {} different",
        rows.len(),
        head["source"].as_str().unwrap_or_default(),
        wrong.len()
    );
    if wrong.is_empty() && rows.len() >= 10_000 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Asks everything of the users of one salt; tells how much that was.
fn ask(questions: &Questions, number: usize, salt: &str, rows: &[&Row], wrong: &mut Vec<String>) -> usize {
    let loaded = load(&rules(questions, salt));
    let rules = loaded
        .rules
        .unwrap_or_else(|| fail(&loaded.diagnostics[0].message));
    let wasm = compile(&rules).expect("a module");
    let program = Program::load(&wasm).expect("a program");
    let instance = program.instance().expect("an instance");
    let mut asked = 0;
    let mut compare = |row: &Row, what: &str, ours: &dyn std::fmt::Debug, same: bool| {
        asked += 1;
        if !same {
            wrong.push(format!("{:?}, salt {number}, {what}: {ours:?}", row.user));
        }
    };
    for row in rows {
        let attributes = [("user_id", Value::String(&row.user))];
        let context = |now_ms| Context::new(&attributes, now_ms);
        let arm = |key: String, now_ms| {
            let decision = instance.decide(&key, &context(now_ms)).expect("a variable");
            decision.value.as_i64()
        };
        // The numbers themselves, as an explanation shows them.
        let numbers = explain(&rules, &context(0), |feature| feature.name.starts_with("numbers"));
        let rule = &numbers.features[0].rules[0];
        let rollout = rule
            .rollout
            .as_ref()
            .and_then(|rollout| rollout.bucket.as_ref())
            .map(|bucket| bucket.number);
        compare(
            row,
            "rollout",
            &rollout,
            rollout.map(f64::to_bits) == Some(row.rollout.to_bits()),
        );
        let split = &numbers.features[1].rules[0].split;
        let bucketing = split.as_ref().map(|split| split.bucket.number);
        compare(
            row,
            "bucketing",
            &bucketing,
            bucketing.map(f64::to_bits) == Some(row.bucketing.to_bits()),
        );
        for (nth, passes) in row.passes.iter().enumerate() {
            let ours = arm(format!("rollout{nth}"), 0);
            compare(
                row,
                &format!("rollout {nth}"),
                &ours,
                (ours == Some(0)) == *passes,
            );
        }
        for (nth, chosen) in row.chosen.iter().enumerate() {
            let ours = arm(format!("weights{nth}"), 0);
            compare(
                row,
                &format!("distribution {nth}"),
                &ours,
                ours == i64::try_from(*chosen).ok(),
            );
        }
        for (moment, scheduled) in questions.schedule.moments.iter().zip(&row.scheduled) {
            let ours = arm("schedule".to_owned(), milliseconds(moment));
            compare(row, moment, &ours, (ours == Some(0)) == *scheduled);
        }
    }
    asked
}

/// A folder of rules that asks what DevCycle was asked.
fn rules(questions: &Questions, salt: &str) -> Vec<(String, Vec<u8>)> {
    let feature = |key: &str, targeting: Json| {
        let document = json!({
            "feature": key,
            "variables": { key: { "type": "number" } },
            "variations": { "a": { key: 0 }, "b": { key: 1 }, "c": { key: 2 }, "out": { key: -1 } },
            "targeting": targeting,
            "default": "out",
        });
        (format!("{key}.json"), document.to_string().into_bytes())
    };
    let percent = |share: f64| format!("{}%", share * 100.0);
    let rule = |rollout: Json| json!([{ "name": "r", "salt": salt, "when": "true", "rollout": rollout, "serve": "a" }]);
    let weights = |shares: &[f64]| -> Json {
        shares
            .iter()
            .zip(["a", "b", "c"])
            .map(|(share, name)| (name, percent(*share)))
            .collect()
    };
    let mut files = vec![(
        "context.yaml".to_owned(),
        b"attributes: { user_id: { type: string } }".to_vec(),
    )];
    files.push(feature("numbers-of-rollout", rule(json!("50%"))));
    let halves = json!([{ "name": "r", "salt": salt, "when": "true", "serve": weights(&[0.5, 0.5]) }]);
    files.push(feature("numbers-of-weights", halves));
    for (nth, share) in questions.rollouts.iter().enumerate() {
        files.push(feature(&format!("rollout{nth}"), rule(json!(percent(*share)))));
    }
    for (nth, shares) in questions.distributions.iter().enumerate() {
        let targeting = json!([{ "name": "r", "salt": salt, "when": "true", "serve": weights(shares) }]);
        files.push(feature(&format!("weights{nth}"), targeting));
    }
    let schedule = &questions.schedule;
    let range = format!("{}..{}", schedule.start * 100.0, schedule.end * 100.0);
    files.push(feature(
        "schedule",
        rule(json!({ "from": schedule.from, "to": schedule.to, "percent": range })),
    ));
    files
}

fn milliseconds(instant: &str) -> i64 {
    let (seconds, nanos) = parse_timestamp(instant).expect("an instant");
    seconds * 1000 + i64::from(nanos / 1_000_000)
}

fn beside(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/devcycle")
        .join(name)
}

#[expect(
    clippy::panic,
    reason = "a test whose surroundings fail should fail and say where"
)]
fn fail(why: &str) -> ! {
    panic!("{why}")
}
