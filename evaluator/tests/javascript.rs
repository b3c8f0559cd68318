//! The JavaScript loader (`js/`) decides as this crate does: random contexts are decided here, and by Node on the same module; and by a
//! browser, where that is asked for (`make javascript`).
//!
//! `CROSSFADE_JAVASCRIPT_CONTEXTS` says how many contexts to try, `CROSSFADE_SEED` which.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "support/files.rs"]
mod files;

use std::collections::HashSet;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crossfade_evaluator::compile::compile;
use crossfade_evaluator::program::{Context, Program};
use crossfade_evaluator::rules::load;
use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use serde_json::{Map, Value, json};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn module(rules: &Path) -> Vec<u8> {
    let loaded = load(&files::folder(rules));
    let rules = loaded
        .rules
        .unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
    compile(&rules).expect("rules that compile")
}

/// What may come with a request, values of wrong types included. No number is beyond what JavaScript reads exactly.
struct Contexts(TestRng);

impl Contexts {
    fn new(seed: u64) -> Self {
        let mut bytes = [7; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        Self(TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0.next_u64() % end
    }

    fn one_of(&mut self, values: &[Value]) -> Value {
        let position = self.below(values.len() as u64) as usize;
        values[position].clone()
    }

    fn text(&mut self) -> Value {
        let number = self.below(300);
        match self.below(8) {
            0 => json!(format!("user-{number}")),
            1 => json!(format!("anné{number}")),
            2 => json!(format!("a long name {number} and more of it, to its end")),
            3 => json!("€".repeat(number as usize % 9)),
            4 => json!("x".repeat(number as usize)),
            _ => self.one_of(&["", "abc", "12345678", "123456789", "grün", "𝒳𝒴", "admin"].map(Value::from)),
        }
    }

    fn whole(&mut self) -> Value {
        let small = self.below(200) as i64 - 20;
        match self.below(6) {
            0 => json!(small as f64),
            1 => json!(small << 40),
            2 => self.one_of(&[
                json!(1_u64 << 63),
                json!(5e18),
                json!(i64::MIN),
                json!(1e20),
                json!(-1.5e300),
                json!(-0.0),
            ]),
            _ => json!(small),
        }
    }

    fn double(&mut self) -> Value {
        match self.below(4) {
            0 => self.whole(),
            1 => self.one_of(&[
                json!(1e-7),
                json!(5e-324),
                json!(1.797_693_134_862_315_7e308),
                json!(0.1),
                json!(1e21),
            ]),
            _ => json!(self.below(1 << 40) as f64 / 1024.0),
        }
    }

    fn list(&mut self, element: fn(&mut Self) -> Value) -> Value {
        let length = self.below(5);
        (0..length).map(|_| element(self)).collect()
    }

    fn value(&mut self, attribute: &str) -> Value {
        if self.below(12) == 0 {
            return self.one_of(&[
                json!(null),
                json!(true),
                json!(7),
                json!(2.5),
                json!("7"),
                json!([]),
                json!([1, "1", null]),
                json!({}),
            ]);
        }
        match attribute {
            "age" | "credit" => self.whole(),
            "score" => self.double(),
            "member" => json!(self.below(2) == 0),
            "since" => self.one_of(
                &[
                    "2026-06-01T00:00:00Z",
                    "2027-01-01T00:00:00.5+02:00",
                    "2026-02-30T00:00:00Z",
                    "soon",
                ]
                .map(Value::from),
            ),
            "version" => self.one_of(
                &[
                    "1.2.0-rc.1",
                    "1.2.0-rc.0",
                    "1.9.9+build",
                    "2.0.0",
                    "1.2",
                    "v1.2.3",
                ]
                .map(Value::from),
            ),
            "roles" => self.list(|it| {
                if it.below(3) == 0 {
                    it.one_of(&["admin", "über-admin", "tester"].map(Value::from))
                } else {
                    it.text()
                }
            }),
            "sizes" => self.list(Self::whole),
            "weights" => self.list(Self::double),
            _ => self.text(),
        }
    }

    fn context(&mut self) -> Map<String, Value> {
        let names = [
            "user_id",
            "country",
            "name",
            "age",
            "credit",
            "score",
            "member",
            "since",
            "version",
            "roles",
            "sizes",
            "weights",
            "undeclared",
            "targetingKey",
        ];
        let mut context = Map::new();
        for name in names {
            if self.below(3) > 0 {
                context.insert(name.to_owned(), self.value(name));
            }
        }
        context
    }
}

#[test]
fn node_decides_as_rust_does() {
    decided_alike(&["--test-reporter", "tap"], "program.test.mjs");
}

#[test]
#[ignore = "needs Chromium and, in js/test, `npm ci`"]
fn a_browser_decides_as_rust_does() {
    decided_alike(&[], "browser.mjs");
}

/// Runs a script of `js/test` with a program, and tells it what the program decides here.
fn decided_alike(arguments: &[&str], script: &str) {
    let seed = from_environment("CROSSFADE_SEED").unwrap_or(20_261_123);
    let count = from_environment("CROSSFADE_JAVASCRIPT_CONTEXTS").unwrap_or(20_000);
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join(script);
    fs::create_dir_all(&target).expect("a folder for the programs");
    let wasm = module(&folder("tests/javascript"));
    fs::write(target.join("program.wasm"), &wasm).expect("a module");
    fs::write(target.join("story.wasm"), module(&folder("../rules"))).expect("the story's module");
    let program = Program::load(&wasm).expect("a program");

    let mut node = Command::new("node")
        .args(arguments)
        .arg(folder("js/test").join(script))
        .env("CROSSFADE_CASES", &target)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("Node.js (`node`), version 20 or newer, on the PATH");
    let cases = node.stdin.take().expect("an input that is piped");
    let told = tell(&program, seed, count, BufWriter::new(cases));
    let output = node.wait_with_output().expect("an end of the script");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains(&format!("{count} contexts, 0 differences")),
        "seed {seed}\n{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    // What no context reaches, the agreement says nothing of.
    let features = &program.metadata().features;
    let rules: usize = features.iter().map(|feature| feature.rules.len() + 1).sum();
    let reached = told.expect("cases that can be told");
    assert_eq!(reached.len(), rules, "{reached:?}");
    println!("{count} contexts, 0 differences (seed {seed})");
}

/// Writes random contexts with what is decided for them, a line each; which rules and defaults they reached.
fn tell(
    program: &Program,
    seed: u64,
    count: u64,
    mut cases: impl Write,
) -> io::Result<HashSet<(String, Option<String>)>> {
    let instance = program.instance().expect("an instance");
    let mut contexts = Contexts::new(seed);
    let mut reached = HashSet::new();
    for _ in 0..count {
        let context = contexts.context();
        let now_ms = 1_767_225_600_000 + contexts.below(63_072_000_000) as i64 - 31_536_000_000;
        let decided = instance.decide_all(&Context::new(&context, now_ms));
        let decisions: Vec<_> = decided
            .iter()
            .map(|d| json!([d.variant, d.rule, d.reason]))
            .collect();
        for decision in decided.iter() {
            let feature = decision.feature.to_owned();
            reached.insert((feature, decision.rule.map(str::to_owned)));
        }
        let mut mistyped = instance.mistyped();
        mistyped.sort_unstable();
        let case = json!({ "context": context, "now": now_ms, "mistyped": mistyped, "decisions": decisions });
        writeln!(cases, "{case}")?;
    }
    cases.flush()?;
    Ok(reached)
}
