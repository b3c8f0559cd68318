//! What an explanation says comes of a feature is what its module decides: for random rules with windows, rollouts and weights,
//! and contexts that break declarations.

use std::collections::BTreeSet;

use crossfade_evaluator::condition::{Attribute, AttributeId, Environment, Kind, Literal, Type};
use crossfade_evaluator::explain::{Cause, Explanation, Finding, RuleOutcome, Seen, Standing, explain};
use crossfade_evaluator::program::{Context, Value};
use crossfade_evaluator::rules::{Feature, Rollout, Rules, Serve, Share, TargetingRule, Window};
use crossfade_evaluator::source::Span;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value as Json, json};

use crate::build::*;
use crate::random::{self, Tape};

const FEATURES: usize = 8;
const CONTEXTS: usize = 24;

/// Around which schedules and contexts lie.
const BASE_MS: i64 = 1_796_115_600_000;
const MOMENTS: [i64; 7] = [0, -1, 1, -1000, 1000, -250, 333];

/// Texts that are a timestamp, a version, a number or a bool, and that almost are.
const TEXTS: [&str; 34] = [
    "a",
    "",
    "abc",
    "user-00000001",
    "2026-12-01T09:00:00Z",
    "2026-12-01t09:00:00z",
    "2026-12-01T09:00:00.123456789012Z",
    "2026-12-01T09:00:00.Z",
    "2026-12-01T09:00:00+14:00",
    "2026-12-01T09:00:00+24:00",
    "2026-12-01T09:00:00",
    "2026-12-01 09:00:00Z",
    "2023-02-29T00:00:00Z",
    "2024-02-29T23:59:60Z",
    "0000-12-31T23:59:59-01:00",
    "0001-01-01T00:00:00+00:01",
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-00:01",
    "2026-13-01T09:00:00Z",
    "2026-12-01T09:00:00Zé",
    "1.2.3",
    "1.2",
    "01.2.3",
    "1.2.3-rc.1+build",
    "1.2.3-rc.01",
    "1.2.3+a+b",
    "v1.2.3",
    "true",
    "TRUE",
    "12",
    "-0",
    "1e3",
    "NaN",
    "99999999999999999999",
];

fn environment() -> Environment {
    let random = random::environment();
    let mut attributes = random.attributes().to_vec();
    attributes.push(Attribute {
        name: "user_id".to_owned(),
        ty: Type::String,
        values: None,
        pattern: None,
        description: String::new(),
        span: Span::default(),
    });
    Environment::new(attributes, random.segments().to_vec())
}

fn moment(tape: &mut Tape<'_>) -> i64 {
    BASE_MS + tape.one_of(&MOMENTS)
}

fn share(tape: &mut Tape<'_>) -> Share {
    Share(*tape.one_of(&[0.5, 0.0, 1.0, 0.25, 1e-9, 0.999_999_999, 1.0 / 3.0]))
}

fn rollout(tape: &mut Tape<'_>) -> Option<Rollout> {
    match tape.choose(4) {
        0 => None,
        1 => Some(Rollout::Fixed(share(tape))),
        2 => {
            let steps = [-1000, 0, 333].map(|after| (BASE_MS + after, share(tape)));
            Some(Rollout::Steps(steps.to_vec()))
        }
        _ => Some(Rollout::Linear {
            from_ms: BASE_MS - 1000,
            to_ms: BASE_MS + 1 + tape.choose(1000) as i64,
            start: share(tape),
            end: share(tape),
        }),
    }
}

fn serve(tape: &mut Tape<'_>) -> Serve {
    /// Without shares, one variation is served.
    const SHARES: [&[f64]; 7] = [
        &[],
        &[],
        &[0.5, 0.5],
        &[1.0],
        &[0.0, 1.0],
        &[0.1, 0.2, 0.7],
        &[1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0],
    ];
    let shares = *tape.one_of(&SHARES);
    let first = tape.choose(3);
    if shares.is_empty() {
        return Serve::One(first);
    }
    let weights = shares.iter().enumerate();
    Serve::Weighted(
        weights
            .map(|(nth, share)| ((first + nth) % 3, Share(*share)))
            .collect(),
    )
}

fn targeting_rule(environment: &Environment, nth: usize, tape: &mut Tape<'_>) -> TargetingRule {
    let condition = match tape.choose(3) {
        0 => random::condition(environment, random::Language::Compiled, tape),
        1 => bool(Kind::Has(AttributeId(
            tape.choose(environment.attributes().len()) as u32,
        ))),
        _ => bool(Kind::Literal(Literal::Bool(true))),
    };
    let buckets = [Type::String, Type::Int, Type::Uint, Type::Double];
    let by: Vec<AttributeId> = (0..)
        .zip(environment.attributes())
        .filter(|(_, attribute)| buckets.contains(&attribute.ty))
        .map(|(id, _)| AttributeId(id))
        .collect();
    let from_ms = (tape.choose(3) == 2).then(|| moment(tape));
    let to_ms = (tape.choose(3) == 2).then(|| moment(tape));
    TargetingRule {
        window: Window { from_ms, to_ms },
        rollout: rollout(tape),
        serve: serve(tape),
        by: Some(*tape.one_of(&by)),
        salt: format!("salt {}", tape.choose(5)),
        ..rule(&format!("rule {nth}"), condition, 0)
    }
}

fn random_rules(environment: &Environment, tapes: &[Vec<u32>]) -> Rules {
    let features = tapes.iter().enumerate().map(|(position, tape)| {
        let tape = &mut Tape::new(tape);
        let enabled = tape.choose(8) != 7;
        let targeting = (0..=tape.choose(4))
            .map(|nth| targeting_rule(environment, nth, tape))
            .collect();
        let name = format!("feature{position}");
        let variations = ["a", "b", "c"].map(|variation| (variation, json!([variation])));
        Feature {
            enabled,
            ..feature(&name, &[&name], &variations, targeting)
        }
    });
    rules(environment.clone(), features.collect())
}

/// A JSON value that may be what an attribute of this type takes.
fn json(ty: &Type, tape: &mut Tape<'_>) -> Json {
    if let Type::List(element) = ty
        && tape.choose(5) < 4
    {
        return (0..tape.choose(4)).map(|_| json(element, tape)).collect();
    }
    let numbers = [
        json!(0),
        json!(1),
        json!(-1),
        json!(7),
        json!(2.0),
        json!(2.5),
        json!(-0.0),
        json!(1e300),
        json!(9_007_199_254_740_993_i64),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(9_223_372_036_854_775_808.0),
    ];
    match (ty, tape.choose(8)) {
        (_, 6) => tape
            .one_of(&[
                json!(null),
                json!({ "nested": true }),
                json!(true),
                json!(5),
                json!("5"),
            ])
            .clone(),
        (_, 7) => json!(*tape.one_of(&TEXTS)),
        (Type::Bool, choice) => json!(choice % 2 == 0),
        (Type::Int | Type::Uint | Type::Double, _) => tape.one_of(&numbers).clone(),
        (Type::Timestamp, _) => json!(TEXTS[4 + tape.choose(16)]),
        (Type::Semver, _) => json!(TEXTS[20 + tape.choose(7)]),
        _ => json!(*tape.one_of(&TEXTS)),
    }
}

/// What applications send: by name, and whether a string is a text of no known type.
fn sent(environment: &Environment, tape: &mut Tape<'_>) -> Vec<(String, Json, bool)> {
    let mut sent = Vec::new();
    for attribute in environment.attributes() {
        if tape.choose(4) < 3 {
            let is_text = tape.choose(4) == 3;
            sent.push((attribute.name.clone(), json(&attribute.ty, tape), is_text));
        }
    }
    for name in ["targetingKey", "undeclared"] {
        if tape.choose(2) == 1 {
            let place = tape.choose(sent.len() + 1);
            sent.insert(place, (name.to_owned(), json(&Type::String, tape), false));
        }
    }
    sent
}

fn with_context<T>(sent: &[(String, Json, bool)], now_ms: i64, ask: impl FnOnce(&Context<'_>) -> T) -> T {
    let pairs: Vec<(&str, Value<'_>)> = sent
        .iter()
        .map(|(name, json, is_text)| {
            let value = match json {
                Json::String(text) if *is_text => Value::Text(text),
                other => other.into(),
            };
            (name.as_str(), value)
        })
        .collect();
    ask(&Context::new(&pairs, now_ms))
}

#[test]
fn explanations_say_what_modules_decide() {
    let environment = environment();
    let mut runner = TestRunner::new(Config {
        cases: 40,
        failure_persistence: None,
        ..Config::default()
    });
    let tapes = (
        vec(vec(any::<u32>(), 0..250), FEATURES),
        vec((vec(any::<u32>(), 0..400), 0..MOMENTS.len()), CONTEXTS),
    );
    let result = runner.run(&tapes, |(features, contexts)| {
        let rules = random_rules(&environment, &features);
        let instance = run(&rules);
        for (tape, moment) in &contexts {
            let sent = sent(&environment, &mut Tape::new(tape));
            with_context(&sent, BASE_MS + MOMENTS[*moment], |context| {
                let explained = explain(&rules, context, |_| true);
                for feature in &explained.features {
                    let decision = instance.decide(&feature.feature, context).expect("a variable");
                    prop_assert_eq!(decision.fault, None);
                    let expected = &feature.decision;
                    prop_assert_eq!(
                        (decision.variant, decision.rule, decision.reason),
                        (
                            expected.variation.as_str(),
                            expected.rule.as_deref(),
                            expected.reason
                        ),
                        "{:#?}\n{:?}",
                        feature,
                        sent
                    );
                    for name in instance.mistyped() {
                        prop_assert!(is_ill_typed(&explained, name), "{name} in {sent:?}");
                    }
                }
                Ok(())
            })?;
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

fn is_ill_typed(explained: &Explanation, name: &str) -> bool {
    explained
        .attributes
        .iter()
        .any(|given| matches!(&given.standing, Standing::IllTyped { attribute, .. } if attribute == name))
}

#[test]
fn a_users_other_name_is_explained_as_it_counts_in_whatever_order_they_come() {
    let names = crate::build::environment(&[("user_id", Type::String)]);
    let tester = equal(attribute(&names, "user_id"), text("123"));
    let feature = switch("read", vec![rule("Testers", tester, 1)]);
    let rules = rules(names, vec![feature]);
    let instance = run(&rules);
    let other = ("targetingKey", Value::String("123"));
    for (own, is_tester) in [
        (Value::Null, true),
        (Value::String("900"), false),
        (Value::Int(7), false),
    ] {
        let own = ("user_id", own);
        for pairs in [[other, own], [own, other]] {
            let context = Context::new(&pairs, 0);
            let explained = explain(&rules, &context, |_| true);
            let decided = instance.decide("read", &context).expect("a variable");
            assert_eq!(decided.rule.is_some(), is_tester, "{pairs:?}");
            assert_eq!(
                explained.features[0].decision.rule.as_deref(),
                decided.rule,
                "{pairs:?}"
            );
            let overruled = explained
                .attributes
                .iter()
                .any(|given| matches!(given.standing, Standing::Overruled { .. }));
            assert_eq!(overruled, !is_tester, "{pairs:?}");
        }
    }
}

/// What random rules and contexts do not come to, the agreement would not prove.
#[test]
fn random_rules_come_to_every_outcome_for_every_cause() {
    let environment = environment();
    let mut state = 1_u32;
    let mut tape = |length: usize| -> Vec<u32> {
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 8
        };
        (0..length).map(|_| next()).collect()
    };
    let mut seen = BTreeSet::new();
    for _ in 0..200 {
        let features: Vec<Vec<u32>> = (0..FEATURES).map(|_| tape(200)).collect();
        let rules = random_rules(&environment, &features);
        let sent = sent(&environment, &mut Tape::new(&tape(300)));
        with_context(&sent, BASE_MS, |context| {
            let explained = explain(&rules, context, |_| true);
            for given in &explained.attributes {
                seen.insert(word(&given.standing));
            }
            for feature in &explained.features {
                seen.insert(feature.decision.reason.to_string());
                for rule in &feature.rules {
                    seen.insert(word(&rule.outcome));
                    if let RuleOutcome::NoBucket { because } = &rule.outcome {
                        seen.insert(format!("NoBucket: {}", word(because)));
                    }
                    if let Some(condition) = &rule.condition {
                        note(condition, &mut seen);
                    }
                }
            }
        });
    }
    let expected = [
        "BrokenElement",
        "ConditionFalse",
        "ConditionUnknown",
        "DEFAULT",
        "DISABLED",
        "DivisionByZero",
        "FeatureDisabled",
        "IllTyped",
        "Matched",
        "Missing",
        "NoBucket",
        "NoBucket: IllTyped",
        "NoBucket: Missing",
        "NotEvaluated",
        "NotReached",
        "Null",
        "OutOfRange",
        "OutsideRollout",
        "OutsideWindow",
        "Overflow",
        "Overruled",
        "SPLIT",
        "TARGETING_MATCH",
        "Taken",
        "Undeclared",
    ];
    assert_eq!(seen, expected.map(str::to_owned).into());
}

/// Notes what is unknown in a condition and what was not evaluated.
fn note(condition: &Seen, seen: &mut BTreeSet<String>) {
    match &condition.finding {
        Finding::Value { .. } => {}
        Finding::Unknown { because } => seen.extend(because.iter().map(word::<Cause>)),
        Finding::NotEvaluated => drop(seen.insert("NotEvaluated".to_owned())),
    }
    for part in &condition.parts {
        note(part, seen);
    }
}

/// The variant's name.
fn word<T: std::fmt::Debug>(value: &T) -> String {
    let said = format!("{value:?}");
    said.chars().take_while(|c| c.is_alphanumeric()).collect()
}
