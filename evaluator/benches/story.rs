//! One decision by the story's rules, as a compiled program and as the same rules in hand-written Rust, in one run.
//!
//! `cargo bench --package crossfade-evaluator --bench story` prints medians over rounds of a thousand contexts each.
//! The native rules leave the rollout's hash out, so the ratio is, if anything, to our disadvantage.

#![expect(
    clippy::expect_used,
    reason = "a benchmark whose surroundings fail should say where"
)]

use std::hint::black_box;
use std::time::Instant;

use crossfade_evaluator::compile::compile;
use crossfade_evaluator::program::{Context, Program, Value};
use crossfade_evaluator::rules::load;

const ROUNDS: usize = 1_001;

fn main() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../rules");
    let file = |name: &str| {
        let bytes = std::fs::read(format!("{folder}/{name}")).expect("the story's rules");
        (name.to_owned(), bytes)
    };
    let loaded = load(&[file("context.yaml"), file("postgres-migration.yaml")]);
    let rules = loaded.rules.expect("rules without errors");
    let module = compile(&rules).expect("a module");
    let program = Program::load(&module).expect("a program");
    let instance = program.instance().expect("an instance");
    let read = program.variable("read").expect("the story's flag");

    let users: Vec<String> = (0..1_000).map(|n| (n * 7 % 1_000).to_string()).collect();
    let contexts: Vec<[(&str, Value<'_>); 3]> = users
        .iter()
        .zip(0_usize..)
        .map(|(user, n)| {
            [
                ("user_id", Value::String(user)),
                ("country", Value::String(["IN", "US", "FR", "DE"][n % 4])),
                (
                    "subscription",
                    Value::String(["free", "pro", "enterprise"][n % 3]),
                ),
            ]
        })
        .collect();

    let ours = median(|| {
        for pairs in &contexts {
            black_box(&instance.decide_variable(read, &Context::new(black_box(pairs.as_slice()), 0)));
        }
    });
    let native = median(|| {
        for pairs in &contexts {
            black_box(by_hand(black_box(pairs.as_slice())));
        }
    });
    println!(
        "compiled rules {ours:.1} ns, hand-written Rust {native:.1} ns a decision: {:.1} times",
        ours / native
    );
}

/// The story's rules as a programmer would write them.
fn by_hand(pairs: &[(&str, Value<'_>)]) -> bool {
    let attribute = |name: &str| {
        pairs.iter().find_map(|(key, value)| match value {
            Value::String(text) if *key == name => Some(*text),
            _ => None,
        })
    };
    match attribute("user_id") {
        Some("123" | "456") => true,
        _ => {
            matches!(attribute("country"), Some("IN" | "US"))
                && matches!(attribute("subscription"), Some("pro"))
        }
    }
}

/// The median over rounds, in nanoseconds a decision.
fn median(round: impl Fn()) -> f64 {
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let began = Instant::now();
            round();
            began.elapsed().as_secs_f64() * 1e9 / 1_000.0
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    rounds[ROUNDS / 2]
}
