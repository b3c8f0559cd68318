//! Explores the model: `crossfade-model` the small worlds, `crossfade-model large` larger ones.

use std::process::ExitCode;

use crossfade_model::{Occasion, Scenario, explore};

fn main() -> ExitCode {
    let scenarios = match std::env::args().nth(1).as_deref() {
        None => Scenario::small(),
        Some("large") => Scenario::large(),
        Some(other) => {
            eprintln!("unknown size {other}; say nothing, or large");
            return ExitCode::from(2);
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let (mut states, mut violations) = (0, 0);
    let mut missing = Occasion::ALL.to_vec();
    for scenario in scenarios {
        println!("{}", scenario.name);
        let outcome = explore(scenario, None, threads);
        println!("  {} states", outcome.states);
        for violation in &outcome.violations {
            println!("  broken: {}", violation.promise.sentence());
            for step in &violation.path {
                println!("    {step}");
            }
        }
        states += outcome.states;
        violations += outcome.violations.len();
        missing.retain(|occasion| !outcome.occasions.contains(occasion));
    }
    for occasion in &missing {
        println!("never happened: {}", occasion.sentence());
    }
    println!("states explored: {states}, violations: {violations}");
    ExitCode::from(u8::from(violations + missing.len() > 0))
}
