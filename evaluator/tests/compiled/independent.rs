//! Conditions, from their texts on, agree with another implementation of CEL, the crate `cel`: on random conditions and contexts,
//! missing attributes included.
//!
//! `CROSSFADE_AGREEMENT_PAIRS` says how many pairs of a condition and a context to try, `CROSSFADE_SEED` which. Not
//! asked are versions, which CEL does not have (they are held against the crate `semver` elsewhere), and what the checker refuses.
//! To the other implementation an order with NaN is an error, and in CEL's specification it is false: it reads such orders with a
//! guard, and sums of durations with another, since it lets them grow beyond 64 bits of nanoseconds.

use std::collections::HashMap;
use std::fmt::Write as _;

use crossfade_evaluator::condition::{AttributeId, Environment, Expression, check};
use crossfade_evaluator::source::{FileId, MappedText};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::agreement::{questions, with_context};
use crate::build::{rules, run};
use crate::random::{Language, Tape, condition, context, environment, timestamp_texts};
use crate::values::{V, rfc3339};
use crate::written::{Reader, written};

const CONDITIONS: usize = 12;
const CONTEXTS: usize = 24;

/// A condition as both sides read it.
struct Asked {
    text: String,
    checked: Expression,
    plain: cel::Program,
}

/// What became of all pairs.
#[derive(Default)]
struct Count {
    agreed: usize,
    /// Pairs of a condition that our checker refuses, by the reason; never one that it misreads.
    refused: HashMap<String, usize>,
    unknown: usize,
}

#[test]
fn conditions_agree_with_another_implementation_of_cel() {
    let from_environment = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let pairs = from_environment("CROSSFADE_AGREEMENT_PAIRS").unwrap_or(12_000) as usize;
    let seed = from_environment("CROSSFADE_SEED").unwrap_or(20_261_127);
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config {
        cases: pairs.div_ceil(CONDITIONS * CONTEXTS) as u32,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let tapes = (
        vec(vec(any::<u32>(), 0..200), CONDITIONS),
        vec((vec(any::<u32>(), 0..80), any::<i32>()), CONTEXTS),
    );
    let environment = environment();
    let count = std::cell::RefCell::new(Count::default());
    let result = runner.run(&tapes, |(conditions, contexts)| {
        one_case(&environment, &conditions, &contexts, &mut count.borrow_mut())
    });
    let Count {
        agreed,
        refused,
        unknown,
    } = count.into_inner();
    let mut reasons = String::new();
    for (reason, pairs) in &refused {
        let _ = write!(reasons, "\n  {pairs} pairs refused: {reason}");
    }
    let disagreed = usize::from(result.is_err());
    println!(
        "{agreed} pairs agreed ({unknown} of them unknown), {} refused, {disagreed} disagreed; seed {seed}{reasons}",
        refused.values().sum::<usize>()
    );
    if let Err(error) = result {
        panic!("{error}");
    }
    assert!(agreed > pairs / 2, "most conditions are refused");
}

fn one_case(
    environment: &Environment,
    tapes: &[Vec<u32>],
    contexts: &[(Vec<u32>, i32)],
    count: &mut Count,
) -> Result<(), TestCaseError> {
    let mut asked = Vec::new();
    for tape in tapes {
        let condition = condition(environment, Language::OfCel, &mut Tape::new(tape));
        match read(environment, &condition) {
            Ok(read) => asked.push(read),
            Err(reason) => *count.refused.entry(reason).or_default() += contexts.len(),
        }
    }
    let features = asked
        .iter()
        .enumerate()
        .flat_map(|(nth, asked)| questions(nth, &asked.checked));
    let instance = run(&rules(environment.clone(), features.collect()));
    let texts = timestamp_texts();
    for (tape, now_s) in contexts {
        let attributes = context(environment, &mut Tape::new(tape));
        let now_ms = i64::from(*now_s) * 1000 + 7;
        let plain = plain_context(environment, &attributes, now_ms);
        with_context(environment, &attributes, &texts, now_ms, |given| {
            for (nth, asked) in asked.iter().enumerate() {
                let expected = match asked.plain.execute(&plain) {
                    Ok(cel::Value::Bool(answer)) => Some(answer),
                    Ok(other) => panic!("{} is {other:?}", asked.text),
                    Err(_) => None,
                };
                let is = |question: &str| {
                    let decision = instance
                        .decide(&format!("{question}{nth}"), given)
                        .expect("a variable");
                    decision.as_bool() == Some(true)
                };
                let answer = (is("true"), is("false"), is("known"));
                let wanted = (
                    expected == Some(true),
                    expected == Some(false),
                    expected.is_some(),
                );
                prop_assert!(
                    answer == wanted,
                    "{}\n{attributes:?}\nnow {now_ms}\nexpected {expected:?}, true/false/known {answer:?}: {:?}",
                    asked.text,
                    asked.plain.execute(&plain)
                );
                count.agreed += 1;
                count.unknown += usize::from(expected.is_none());
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// Both sides' reading of a condition, or why ours refuses it.
fn read(environment: &Environment, condition: &Expression) -> Result<Asked, String> {
    let text = written(condition, environment, Reader::Ours);
    let mut diagnostics = Vec::new();
    let mapped = MappedText::verbatim(text.as_str(), FileId(0), 0);
    let checked =
        check(&mapped, environment, &mut diagnostics).ok_or_else(|| diagnostics[0].message.clone())?;
    let plain = written(condition, environment, Reader::PlainCel);
    let plain = cel::Program::compile(&plain).unwrap_or_else(|error| panic!("{plain}: {error}"));
    Ok(Asked { text, checked, plain })
}

/// The map `c` of the attributes, and `now`.
fn plain_context(
    environment: &Environment,
    attributes: &HashMap<AttributeId, V>,
    now_ms: i64,
) -> cel::Context<'static, 'static> {
    let map: HashMap<String, cel::Value> = attributes
        .iter()
        .map(|(id, value)| {
            (
                environment.attribute(*id).expect("an attribute").name.clone(),
                plain(value),
            )
        })
        .collect();
    let mut context = cel::Context::default();
    context.add_variable_from_value("c", map);
    context.add_variable_from_value("now", rfc3339(i128::from(now_ms) * 1_000_000, 0));
    context
}

fn plain(value: &V) -> cel::Value {
    match value {
        V::Bool(value) => (*value).into(),
        V::Int(value) => (*value).into(),
        V::Uint(value) => (*value).into(),
        V::Double(value) => (*value).into(),
        V::Str(text) | V::Semver(text) => text.as_str().into(),
        // Of another offset, it would answer with that offset's hours, where CEL's are UTC's unless another is asked for.
        V::Time(time) => rfc3339(*time, 0).into(),
        V::List(elements) => elements.iter().map(plain).collect::<Vec<_>>().into(),
        V::Duration(_) => panic!("no attribute is a duration"),
    }
}
