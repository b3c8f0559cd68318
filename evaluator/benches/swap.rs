//! What a change of the rules costs: reading and checking them, compiling them, and a worker's own switch.
//!
//! `cargo bench --package crossfade-evaluator --bench swap` prints medians in milliseconds, wall-clock time, for folders of 1,000 and
//! of 10,000 features of five rules. `FIGURES` names a file for them as JSON. The last line is the figure; it fails where the
//! goals of DESIGN section 8 are missed.

#![expect(
    clippy::expect_used,
    reason = "a benchmark whose surroundings fail should say where"
)]

use std::process::ExitCode;
use std::time::Instant;

use crossfade_evaluator::compile::compile;
use crossfade_evaluator::program::{Context, Program};
use crossfade_evaluator::rules::Loader;
use serde_json::json;

type Files = Vec<(String, Vec<u8>)>;

/// How long each part took, in milliseconds.
#[expect(clippy::struct_field_names, reason = "a number carries its unit in its name")]
struct Figures {
    /// All files read for the first time.
    checked_ms: f64,
    /// One file changed.
    rechecked_ms: f64,
    /// To a module.
    module_ms: f64,
    /// A module to a program that has decided once.
    program_ms: f64,
    /// A thread's instance of the new program, and its first decision.
    switch_ms: f64,
}

fn main() -> ExitCode {
    let thousand = measure(1_000, 9);
    let ten_thousand = measure(10_000, 3);
    let peak_gib = peak_bytes() / f64::from(1 << 30);
    println!("| | 1,000 features | 10,000 features |\n|---|--:|--:|");
    for (what, one, ten) in [
        (
            "read and checked, all",
            thousand.checked_ms,
            ten_thousand.checked_ms,
        ),
        (
            "read and checked, one changed",
            thousand.rechecked_ms,
            ten_thousand.rechecked_ms,
        ),
        ("compiled to a module", thousand.module_ms, ten_thousand.module_ms),
        ("… to machine code", thousand.program_ms, ten_thousand.program_ms),
        ("a worker's switch", thousand.switch_ms, ten_thousand.switch_ms),
    ] {
        println!("| {what} | {one:.2} ms | {ten:.2} ms |");
    }
    if let Ok(path) = std::env::var("FIGURES") {
        let figures = [&thousand, &ten_thousand].map(Figures::json);
        let figures = json!({ "1000": figures[0], "10000": figures[1], "peak_gib": peak_gib });
        std::fs::write(path, figures.to_string()).expect("the file of figures");
    }
    let goals = [
        (
            "1,000 features decide by the new rules",
            thousand.first_answer_ms(),
            100.0,
        ),
        (
            "10,000 features decide by the new rules",
            ten_thousand.first_answer_ms(),
            3_500.0,
        ),
        (
            "10,000 features read and checked",
            ten_thousand.checked_ms,
            1_000.0,
        ),
        (
            "a worker's switch",
            thousand.switch_ms.max(ten_thousand.switch_ms),
            0.05,
        ),
        ("gibibytes at the peak", peak_gib, 2.0),
    ];
    let missed: Vec<_> = goals.iter().filter(|(_, found, goal)| found > goal).collect();
    for (what, found, goal) in &missed {
        println!("missed: {what}: {found:.3}, and the goal is {goal}");
    }
    println!(
        "first answer by the new rules: of 1,000 features after {:.0} ms, of 10,000 after {:.0} ms",
        thousand.first_answer_ms(),
        ten_thousand.first_answer_ms()
    );
    if missed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

impl Figures {
    /// From the change of one file being seen to the first answer by the new rules.
    fn first_answer_ms(&self) -> f64 {
        self.rechecked_ms + self.module_ms + self.program_ms + self.switch_ms
    }

    fn json(&self) -> serde_json::Value {
        json!({
            "checked_ms": self.checked_ms,
            "rechecked_ms": self.rechecked_ms,
            "module_ms": self.module_ms,
            "program_ms": self.program_ms,
            "switch_ms": self.switch_ms,
            "first_answer_ms": self.first_answer_ms(),
        })
    }
}

fn measure(features: usize, rounds: usize) -> Figures {
    let mut all: [Vec<f64>; 5] = Default::default();
    for round in 0..rounds {
        let mut files = folder(features);
        let mut loader = Loader::default();
        let (checked_ms, _) = timed(|| loader.load(&files));
        files[features / 2].1 = feature(features / 2, round + 1).1;
        let (rechecked_ms, loaded) = timed(|| loader.load(&files));
        let rules = loaded.rules.expect("rules without errors");
        let (module_ms, module) = timed(|| compile(&rules).expect("a module"));
        let attributes = [("country", "US".into())];
        let context = Context::new(&attributes, 0);
        // Whoever swaps tries a program before threads see it.
        let (program_ms, program) = timed(|| {
            let program = Program::load(&module).expect("a program");
            let instance = program.instance().expect("an instance");
            _ = instance.decide("feature-0000", &context);
            program
        });
        let (switch_ms, instance) = timed(|| {
            let instance = program.instance().expect("an instance");
            _ = instance.decide("feature-0000", &context);
            instance
        });
        drop(instance);
        let figures = [checked_ms, rechecked_ms, module_ms, program_ms, switch_ms];
        for (rounds, figure) in all.iter_mut().zip(figures) {
            rounds.push(figure);
        }
    }
    let [checked_ms, rechecked_ms, module_ms, program_ms, switch_ms] = all.map(median);
    Figures {
        checked_ms,
        rechecked_ms,
        module_ms,
        program_ms,
        switch_ms,
    }
}

fn folder(features: usize) -> Files {
    let context = "attributes: { user_id: { type: string }, country: { type: string }, subscription: { type: string } }";
    let mut files: Files = (0..features).map(|nth| feature(nth, 0)).collect();
    files.push(("context.yaml".to_owned(), context.as_bytes().to_vec()));
    files
}

/// A feature of five rules; another edition is another text.
fn feature(nth: usize, edition: usize) -> (String, Vec<u8>) {
    let key = format!("feature-{nth:04}");
    let user = |at: usize| format!("user-{:08}", nth * 31 + at);
    let text = format!(
        "feature: {key}\ndescription: edition {edition}\nvariables: {{ {key}: {{ type: boolean }} }}\n\
         variations: {{ off: {{ {key}: false }}, on: {{ {key}: true }} }}\ntargeting:\n\
         \x20 - {{ name: Testers, when: 'user_id in [\"{}\", \"{}\", \"{}\"]', serve: on }}\n\
         \x20 - {{ name: Pro, when: 'country in [\"IN\", \"US\"] && subscription == \"pro\"', rollout: {}%, serve: on }}\n\
         \x20 - {{ name: Some, when: 'user_id in [\"{}\", \"{}\"] && subscription == \"free\"', serve: on }}\n\
         \x20 - {{ name: Others, when: 'country in [\"FR\", \"DE\", \"GB\"] && user_id.startsWith(\"user-{}\")', serve: on }}\n\
         \x20 - {{ name: Last, when: 'country == \"C{}\"', serve: on }}\ndefault: off\n",
        user(0),
        user(1),
        user(2 + edition),
        1 + nth % 99,
        user(11),
        user(12),
        nth % 10,
        nth % 10,
    );
    (format!("{key}.yaml"), text.into_bytes())
}

fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let began = Instant::now();
    let done = work();
    (began.elapsed().as_secs_f64() * 1e3, done)
}

fn median(mut rounds: Vec<f64>) -> f64 {
    rounds.sort_by(f64::total_cmp);
    rounds[rounds.len() / 2]
}

/// The most memory that this process has had, where the system tells.
fn peak_bytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kib.unwrap_or_default() * 1_024.0
}
