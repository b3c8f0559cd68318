//! Modules that others wrote, broke or cut short: each is refused with a reason, or decides in bounded time and memory; and a
//! program that others swap meanwhile answers as before.
//!
//! `CROSSFADE_MUTANTS` says how many broken modules to try, `CROSSFADE_EVALUATIONS` how many decisions under swaps,
//! `CROSSFADE_SEED` which.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

#[path = "support/files.rs"]
mod files;

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};
use std::thread;

use crossfade_evaluator::compile::compile;
use crossfade_evaluator::program::{Context, Fault, LoadError, Program, Reason, Value};
use crossfade_evaluator::rules::load;
use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};

const TESTER: [(&str, Value<'_>); 2] = [
    ("user_id", Value::String("123")),
    ("country", Value::String("US")),
];

fn from_environment(name: &str, otherwise: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(otherwise)
}

fn random() -> (u64, TestRng) {
    let seed = from_environment("CROSSFADE_SEED", 20_261_123);
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    println!("seed {seed}");
    (seed, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

fn module(folder: &str) -> Vec<u8> {
    let loaded = load(&files::folder(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
    ));
    compile(&loaded.rules.expect("rules that can be used")).expect("rules that compile")
}

/// A program by hand: one feature, one variable, a memory of one page, and these functions.
fn by_hand(functions: &str, pages: &str) -> Vec<u8> {
    let metadata = r#"{"abi":1,"version":"by hand","slots":[],"results":128,"room":256,
        "features":[{"name":"f","variations":["off","on"],"default":0,"rules":[]}],
        "variables":[{"key":"v","type":"boolean","feature":0,"values":[false,true]}]}"#;
    let metadata = metadata.replace('"', "\\\"").replace('\n', " ");
    let text = format!(
        r#"(module (@custom "crossfade" "{metadata}") (memory (export "memory") {pages}) {functions}
             (func (export "decide_all")))"#
    );
    wat::parse_str(text).expect("a module's text")
}

fn decided_once(wasm: &[u8]) -> (Reason, Option<Fault>) {
    let program = Program::load(wasm).expect("a program");
    let instance = program.instance().expect("an instance");
    let first = instance.decide("v", &Context::new(&[], 0)).expect("a variable");
    // Whatever happened, the next call is answered too.
    let second = instance.decide("v", &Context::new(&[], 0)).expect("a variable");
    assert_eq!((first.reason, first.fault), (second.reason, second.fault));
    assert_eq!(first.value, false);
    (first.reason, first.fault)
}

#[test]
fn a_loop_without_end_is_ended_and_serves_the_default() {
    let wasm = by_hand(
        r#"(func (export "decide") (param i32) (result i64) (loop (br 0)) (i64.const 1))"#,
        "1",
    );
    assert_eq!(decided_once(&wasm), (Reason::Error, Some(Fault::OutOfTime)));
}

#[test]
fn a_recursion_without_end_is_ended_and_serves_the_default() {
    let wasm = by_hand(
        r#"(func $f (export "decide") (param i32) (result i64) (call $f (local.get 0)))"#,
        "1",
    );
    assert_eq!(decided_once(&wasm), (Reason::Error, Some(Fault::Trap)));
}

#[test]
fn a_memory_that_grows_without_end_is_refused_more_and_the_module_ended() {
    let grow = r#"(func (export "decide") (param i32) (result i64)
        (loop (drop (memory.grow (i32.const 16000))) (br 0)) (i64.const 1))"#;
    assert_eq!(
        decided_once(&by_hand(grow, "1")),
        (Reason::Error, Some(Fault::OutOfTime))
    );
}

#[test]
fn instructions_that_take_as_long_as_they_please_are_refused() {
    // A gigabyte each time around, and one instruction to whoever counts them.
    for slow in [
        "(memory.fill (i32.const 0) (i32.const 1) (i32.const 0x3fff0000))",
        "(memory.copy (i32.const 8) (i32.const 0) (i32.const 0x3fff0000))",
    ] {
        let decide = format!(
            r#"(func (export "decide") (param i32) (result i64) (loop {slow} (br 0)) (i64.const 1))"#
        );
        let refused = Program::load(&by_hand(&decide, "16384")).expect_err(slow);
        assert!(matches!(refused, LoadError::Invalid(_)), "{refused}");
    }
}

#[test]
fn code_that_would_take_minutes_to_compile_is_refused() {
    let decide = r#"(func (export "decide") (param i32) (result i64) (i64.const 1))"#;
    let nested = format!("(func {} {})", "block ".repeat(80_000), "end ".repeat(80_000));
    let with_locals = format!("(func (local {}))", "i64 ".repeat(49_999)).repeat(81);
    for (slow, what) in [(nested, "blocks"), (with_locals, "local variables")] {
        let refused = Program::load(&by_hand(&format!("{decide} {slow}"), "1")).expect_err(what);
        assert!(
            matches!(&refused, LoadError::Excessive { what: which, .. } if which.contains(what)),
            "{refused}"
        );
    }
}

#[test]
fn a_memory_larger_than_any_rules_need_is_refused() {
    let decide = r#"(func (export "decide") (param i32) (result i64) (i64.const 1))"#;
    let refused = Program::load(&by_hand(decide, "65536")).expect_err("too much memory");
    assert!(matches!(refused, LoadError::Excessive { .. }), "{refused}");
}

#[test]
fn an_answer_that_makes_no_sense_serves_the_default() {
    for answer in ["7", "-1", "0x10000", "0x400000000"] {
        let decide = format!(r#"(func (export "decide") (param i32) (result i64) (i64.const {answer}))"#);
        assert_eq!(
            decided_once(&by_hand(&decide, "1")),
            (Reason::Error, Some(Fault::Nonsense)),
            "{answer}"
        );
    }
}

#[test]
fn a_module_that_exports_something_else_is_refused_or_has_no_instance() {
    for decide in [
        "",
        r#"(func (export "decide"))"#,
        r#"(func (export "decide") (param i64) (result i64) (local.get 0))"#,
    ] {
        let made = Program::load(&by_hand(decide, "1")).map(|program| program.instance());
        assert!(!matches!(made, Ok(Ok(_))), "{decide}");
    }
}

#[test]
fn a_module_cut_short_anywhere_is_refused_or_complete() {
    let wasm = module("../rules");
    for length in (0..wasm.len()).step_by(7) {
        assert!(
            Program::load(&wasm[..length]).is_err(),
            "the first {length} bytes of {}",
            wasm.len()
        );
    }
}

#[test]
fn a_broken_module_is_refused_or_bounded() {
    let mutants = from_environment("CROSSFADE_MUTANTS", 3_000);
    let (seed, mut random) = random();
    let wholes = [module("../rules"), module("tests/javascript")];
    let mut below = |end: usize| (random.next_u64() % end as u64) as usize;
    let (mut refused, mut ran) = (0, 0);
    for mutant in 0..mutants {
        let mut wasm = wholes[below(wholes.len())].clone();
        for _ in 0..=below(4) {
            let at = below(wasm.len());
            match below(6) {
                0 => wasm.truncate(at),
                1 => wasm.insert(at, below(256) as u8),
                2 => drop(wasm.remove(at)),
                3 => wasm[at] ^= 1 << below(8),
                4 => wasm[at] = [0, 0x7f, 0x80, 0xff][below(4)],
                _ => wasm[at] = below(256) as u8,
            }
            if wasm.is_empty() {
                break;
            }
        }
        match Program::load(&wasm).map(|program| program.instance()) {
            Err(_) | Ok(Err(_)) => refused += 1,
            Ok(Ok(instance)) => {
                ran += 1;
                let decisions = instance.decide_all(&Context::new(&TESTER, 0));
                let variables = instance.program().metadata().variables.len();
                assert_eq!(
                    decisions.iter().count(),
                    variables,
                    "mutant {mutant} of seed {seed}"
                );
            }
        }
    }
    println!("{mutants} broken modules: {refused} refused, {ran} ran within their bounds");
    assert!(refused > 0 && ran > 0);
}

/// Two versions of one feature: each says of itself which it is, in two variables that must never come from different ones.
fn version(number: u32) -> Program {
    let feature = format!(
        "feature: f
variables: {{ one: {{ type: number }}, two: {{ type: number }} }}
variations: {{ here: {{ one: {number}, two: {number} }}, there: {{ one: -1, two: -1 }} }}
targeting: [{{ name: everyone, when: 'user_id != \"{number}\"', serve: here }}]
default: there
"
    );
    let files = [
        (
            "context.yaml".to_owned(),
            b"attributes: { user_id: { type: string } }".to_vec(),
        ),
        ("f.yaml".to_owned(), feature.into_bytes()),
    ];
    let rules = load(&files).rules.expect("rules that can be used");
    Program::load(&compile(&rules).expect("a module")).expect("a program")
}

/// What this process holds of memory; 0 where the system does not tell.
fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = status
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<usize>().ok());
    pages.unwrap_or(0) * 4096
}

#[test]
fn decisions_under_continuous_swaps_come_from_one_version_each() {
    let evaluations = from_environment("CROSSFADE_EVALUATIONS", 20_000) as usize;
    let threads = thread::available_parallelism().map_or(2, usize::from);
    let running = Arc::new(RwLock::new((0_u32, version(0))));
    let done = Arc::new(AtomicBool::new(false));
    let before = resident_bytes();
    let swaps = Arc::new(AtomicUsize::new(0));
    let swapper = thread::spawn({
        let (running, done, swaps) = (running.clone(), done.clone(), swaps.clone());
        move || {
            for number in 1.. {
                let next = version(number);
                *running.write().expect("a lock") = (number, next);
                swaps.fetch_add(1, Ordering::Relaxed);
                if done.load(Ordering::Relaxed) {
                    return;
                }
            }
        }
    });
    let workers: Vec<_> = (0..threads)
        .map(|_| {
            let (running, swaps) = (running.clone(), swaps.clone());
            thread::spawn(move || {
                let mut own = None;
                let mut seen = 0;
                let mut evaluated = 0;
                while evaluated < evaluations.div_ceil(threads) || swaps.load(Ordering::Relaxed) < 3 {
                    evaluated += 1;
                    let (number, program) = running.read().expect("a lock").clone();
                    if seen != number || own.is_none() {
                        own = Some(program.instance().expect("an instance"));
                        seen = number;
                    }
                    let instance = own.as_ref().unwrap_or_else(|| panic!("just made"));
                    let decisions = instance.decide_all(&Context::new(&TESTER, 0));
                    for decision in decisions.iter() {
                        assert_eq!(decision.reason, Reason::TargetingMatch);
                        assert_eq!(*decision.value, number);
                    }
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join().expect("a worker that saw nothing torn");
    }
    done.store(true, Ordering::Relaxed);
    swapper.join().expect("a swapper that ends");
    let grown = resident_bytes().saturating_sub(before);
    assert!(
        grown < 256 << 20,
        "old programs are kept: {grown} bytes more than before"
    );
    println!(
        "{evaluations} evaluations on {threads} threads, {} swaps",
        swaps.load(Ordering::Relaxed)
    );
}
