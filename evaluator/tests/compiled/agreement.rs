//! Compiled conditions agree with their explanations, which walk them as they stand, on random conditions and contexts, missing
//! attributes included.
//!
//! `CROSSFADE_AGREEMENT_PAIRS` says how many pairs of a condition and a context to try.

use std::collections::HashMap;

use crossfade_evaluator::condition::{AttributeId, Environment, Expression, Kind, Literal};
use crossfade_evaluator::explain::{FeatureExplained, RuleOutcome, explain};
use crossfade_evaluator::program::{Context, Value};
use crossfade_evaluator::rules::Feature;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::build::*;
use crate::random::{Language, Tape, condition, context, environment, sent, timestamp_texts};
use crate::values::V;

const CONDITIONS: usize = 12;
const CONTEXTS: usize = 24;

/// Three features ask all there is to know of a condition: whether it is true, false, or known at all.
pub(crate) fn questions(nth: usize, condition: &Expression) -> [Feature; 3] {
    let literal = |value| Box::new(bool(Kind::Literal(Literal::Bool(value))));
    let known = bool(Kind::Conditional {
        condition: condition.clone().into(),
        then: literal(true),
        otherwise: literal(true),
    });
    [
        ("true", condition.clone()),
        ("false", not(condition.clone())),
        ("known", known),
    ]
    .map(|(name, condition)| switch(&format!("{name}{nth}"), vec![rule("rule", condition, 1)]))
}

/// What the explanation says of a condition: true, false or unknown.
fn truth(feature: &FeatureExplained) -> Option<bool> {
    match &feature.rules[0].outcome {
        RuleOutcome::Matched { .. } => Some(true),
        RuleOutcome::ConditionFalse => Some(false),
        RuleOutcome::ConditionUnknown { because } => {
            assert!(!because.is_empty(), "unknown without a cause");
            None
        }
        other => panic!("a rule without window and rollout: {other:?}"),
    }
}

/// Hands over the context that an application would send of these attributes.
pub(crate) fn with_context<T>(
    environment: &Environment,
    attributes: &HashMap<AttributeId, V>,
    texts: &HashMap<i128, String>,
    now_ms: i64,
    ask: impl FnOnce(&Context<'_>) -> T,
) -> T {
    let elements: HashMap<_, Vec<Value<'_>>> = attributes
        .iter()
        .filter_map(|(id, value)| match value {
            V::List(elements) => Some((
                *id,
                elements.iter().map(|element| sent(element, texts, &[])).collect(),
            )),
            _ => None,
        })
        .collect();
    let pairs: Vec<(&str, Value<'_>)> = attributes
        .iter()
        .map(|(id, value)| {
            let elements = elements.get(id).map_or(&[][..], Vec::as_slice);
            let name = &*environment.attribute(*id).expect("an attribute").name;
            (name, sent(value, texts, elements))
        })
        .collect();
    ask(&Context::new(&pairs, now_ms))
}

#[test]
fn compiled_conditions_agree_with_their_explanations() {
    let pairs = std::env::var("CROSSFADE_AGREEMENT_PAIRS")
        .ok()
        .and_then(|pairs| pairs.parse().ok());
    let cases = pairs.unwrap_or(12_000_usize).div_ceil(CONDITIONS * CONTEXTS);
    let environment = environment();
    let texts = timestamp_texts();
    let mut runner = TestRunner::new(Config {
        cases: cases as u32,
        failure_persistence: None,
        ..Config::default()
    });
    let tapes = (
        vec(vec(any::<u32>(), 0..200), CONDITIONS),
        vec((vec(any::<u32>(), 0..80), any::<i32>()), CONTEXTS),
    );
    let result = runner.run(&tapes, |(conditions, contexts)| {
        let conditions: Vec<Expression> =
            conditions.iter().map(|tape| condition(&environment, Language::Compiled, &mut Tape::new(tape))).collect();
        let features = conditions.iter().enumerate().flat_map(|(nth, condition)| questions(nth, condition));
        let rules = rules(environment.clone(), features.collect());
        let instance = run(&rules);
        for (tape, now_s) in &contexts {
            let attributes = context(&environment, &mut Tape::new(tape));
            let now_ms = i64::from(*now_s) * 1000 + 7;
            with_context(&environment, &attributes, &texts, now_ms, |given| {
                let explained = explain(&rules, given, |_| true);
                for (nth, condition) in conditions.iter().enumerate() {
                    // Of its three features, the first asks for the condition as it is.
                    let expected = truth(&explained.features[nth * 3]);
                    let ask = |question: &str| {
                        let decision = instance.decide(&format!("{question}{nth}"), given).expect("a variable");
                        prop_assert_eq!(decision.fault, None);
                        Ok(decision.as_bool() == Some(true))
                    };
                    let answer = (ask("true")?, ask("false")?, ask("known")?);
                    let wanted = (expected == Some(true), expected == Some(false), expected.is_some());
                    prop_assert!(
                        answer == wanted,
                        "{condition:#?}\n{attributes:?}\nnow {now_ms}\nexpected {expected:?}, true/false/known {answer:?}"
                    );
                }
                prop_assert_eq!(instance.mistyped(), Vec::<&str>::new());
                Ok(())
            })?;
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

/// What random conditions say nothing of, the agreement would not prove.
#[test]
fn random_conditions_are_of_every_form_and_have_every_answer() {
    let environment = environment();
    let texts = timestamp_texts();
    let mut forms: HashMap<String, usize> = HashMap::new();
    let mut answers: HashMap<Option<bool>, usize> = HashMap::new();
    let mut state = 1_u32;
    let mut tape = |length: usize| -> Vec<u32> {
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 8
        };
        (0..length).map(|_| next()).collect()
    };
    for _ in 0..4000 {
        let condition = condition(&environment, Language::Compiled, &mut Tape::new(&tape(150)));
        let attributes = context(&environment, &mut Tape::new(&tape(80)));
        let feature = switch("feature", vec![rule("rule", condition.clone(), 1)]);
        let rules = rules(environment.clone(), vec![feature]);
        let answer = with_context(&environment, &attributes, &texts, 7, |given| {
            truth(&explain(&rules, given, |_| true).features[0])
        });
        *answers.entry(answer).or_default() += 1;
        let said = format!("{condition:?}");
        for form in said.split("kind: ").skip(1) {
            let form: String = form.chars().take_while(|c| c.is_alphanumeric()).collect();
            *forms.entry(form).or_default() += 1;
        }
    }
    assert_eq!(forms.len(), 19, "{forms:?}");
    assert!(forms.values().all(|&count| count > 100), "{forms:?}");
    for answer in [Some(true), Some(false), None] {
        assert!(answers[&answer] > 400, "{answers:?}");
    }
}
