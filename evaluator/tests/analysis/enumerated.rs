//! Random small rules: what is said of them for every context is what every context of a small world says, one by one.

use std::collections::BTreeSet;

use crossfade_evaluator::analysis::Always;
use crossfade_evaluator::diagnostic::Code;
use crossfade_evaluator::program::Context;
use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

use crate::world::World;

/// Tests that cut the small world's values apart, and no finer than these values are.
const TESTS: [&str; 24] = [
    "country == \"IN\"",
    "country != \"US\"",
    "country in [\"IN\", \"US\", \"S\"]",
    "country in segment(\"few\")",
    "country.startsWith(\"I\")",
    "country.endsWith(\"S\")",
    "country.contains(\"N\")",
    "country.matches(\"^[A-Z]{2}$\")",
    "has(country)",
    "level < 2",
    "level == 3",
    "level >= 1.5",
    "level in [0, 4]",
    "has(level)",
    "beta",
    "!beta",
    "app >= semver(\"1.2.0\")",
    "app < semver(\"1.2.0-rc.1\")",
    "app == semver(\"1.2.0+build\")",
    "\"a\" in roles",
    "\"b\" in roles",
    "has(roles)",
    "now < timestamp(\"2026-12-01T00:00:00Z\")",
    "now >= timestamp(\"2026-12-01T00:00:00.0005Z\")",
];

/// 2026-12-01T00:00:00Z
const INSTANT_MS: i64 = 1_796_083_200_000;

fn condition() -> impl Strategy<Value = String> {
    let test = (0..TESTS.len()).prop_map(|nth| TESTS[nth].to_owned());
    test.prop_recursive(3, 10, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|operand| format!("!({operand})")),
            (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("({left} && {right})")),
            (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("({left} || {right})")),
            (inner.clone(), inner.clone(), inner)
                .prop_map(|(condition, then, otherwise)| format!("({condition} ? {then} : {otherwise})")),
        ]
    })
}

/// Rules as YAML writes them in a line.
fn targeting() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec((condition(), any::<bool>()), 1..4).prop_map(|conditions| {
        let rule = |(nth, (condition, serve)): (usize, (String, bool))| {
            format!(
                "name: r{nth}, when: {}, serve: {}",
                json!(condition),
                if serve { "yes" } else { "no" }
            )
        };
        conditions.into_iter().enumerate().map(rule).collect()
    })
}

/// The values of an attribute in the small world, the last of them none.
fn values(attribute: &str) -> Vec<Json> {
    let mut values: Vec<Json> = match attribute {
        // Every combination of answers that any string has, some string of these has.
        "country" => {
            let letters = ["", "I", "N", "S", "U"];
            let mut texts: Vec<String> = letters
                .iter()
                .flat_map(|first| letters.map(|second| format!("{first}{second}")))
                .collect();
            texts.extend(["INS", "ISN", "IIN", "IIS", "NNS", "NNN", "zzz"].map(str::to_owned));
            texts.sort();
            texts.dedup();
            texts.into_iter().map(Json::from).collect()
        }
        "level" => (-1..6).map(Json::from).collect(),
        "beta" => vec![json!(false), json!(true)],
        "app" => [
            "1.1.9",
            "1.2.0-0",
            "1.2.0-rc.0",
            "1.2.0-rc.1",
            "1.2.0-rc.1.0",
            "1.2.0",
            "1.2.1-0",
        ]
        .map(Json::from)
        .to_vec(),
        _ => vec![json!([]), json!(["a"]), json!(["b"]), json!(["a", "b", "c"])],
    };
    values.push(Json::Null);
    values
}

/// Every context of the small world, as far as the rules can tell them apart.
fn contexts(text: &str) -> Vec<(Map<String, Json>, i64)> {
    let mut contexts = vec![Map::new()];
    for attribute in ["country", "level", "beta", "app", "roles"] {
        if !text.contains(attribute) {
            continue;
        }
        let values = values(attribute);
        contexts = contexts
            .into_iter()
            .flat_map(|context| {
                values.iter().map(move |value| {
                    let mut context = context.clone();
                    context.insert(attribute.to_owned(), value.clone());
                    context
                })
            })
            .collect();
    }
    let moments: &[i64] = if text.contains("now") {
        &[0, INSTANT_MS - 1, INSTANT_MS, INSTANT_MS + 1]
    } else {
        &[0]
    };
    contexts
        .into_iter()
        .flat_map(|context| moments.iter().map(move |moment| (context.clone(), *moment)))
        .collect()
}

/// What each context is served: the value, and the rule.
fn served(world: &World, contexts: &[(Map<String, Json>, i64)]) -> Vec<(bool, Option<String>)> {
    contexts
        .iter()
        .map(|(context, now_ms)| {
            let decision = world
                .instance
                .decide("on", &Context::new(context, *now_ms))
                .expect("a variable");
            (decision.as_bool() == Some(true), decision.rule.map(str::to_owned))
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn answers_are_those_of_every_context(before in targeting(), after in targeting()) {
        let text = format!("{before:?} {after:?}");
        let contexts = contexts(&text);
        // More than a second's work is left to another case.
        prop_assume!(contexts.len() < 20_000);
        let worlds = [World::new(&before), World::new(&after)];
        let all = worlds.each_ref().map(|world| served(world, &contexts));
        for (world, served) in worlds.iter().zip(&all) {
            match world.always_on(0) {
                Always::Proved => prop_assert!(served.iter().all(|(on, _)| *on)),
                Always::Refuted { example, value, rule } => {
                    prop_assert!(served.iter().any(|(on, _)| !*on), "{example:?}");
                    prop_assert_eq!(value, json!(false));
                    let decided = example.with_context(0, |context| {
                        let decision = world.instance.decide("on", context).expect("a variable");
                        (decision.as_bool(), decision.rule.map(str::to_owned))
                    });
                    prop_assert_eq!(decided, (Some(false), rule));
                }
                Always::Unknown { why } => prop_assert!(false, "all of it can be taken apart: {}", why),
            }
            let reached: BTreeSet<&str> = served.iter().filter_map(|(_, rule)| rule.as_deref()).collect();
            let warned: BTreeSet<String> = world.unreached().iter().map(|warning| {
                prop_assert!(matches!(warning.code, Code::NeverMatches | Code::Shadowed));
                Ok(warning.message.split('`').nth(1).unwrap_or_default().to_owned())
            }).collect::<Result<_, TestCaseError>>()?;
            for rule in &world.rules.features[0].targeting {
                prop_assert_eq!(warned.contains(&rule.name), !reached.contains(rule.name.as_str()), "{}", rule.name);
            }
        }
        let difference = worlds[0].changes_to(&worlds[1], 0);
        prop_assert!(difference.unknown.is_empty(), "{:?}", difference.unknown);
        let changed: BTreeSet<_> = all[0].iter().zip(&all[1]).filter(|(old, new)| old.0 != new.0).map(|(old, new)| (old.1.clone(), new.1.clone())).collect();
        let shown: BTreeSet<_> = difference.changes.iter().map(|change| (change.before.rule.clone(), change.after.rule.clone())).collect();
        prop_assert_eq!(shown, changed);
    }
}
