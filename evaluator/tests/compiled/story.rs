//! The story that Crossfade grew from: testers first, then Pro users in two countries, the rest later.

use crossfade_evaluator::condition::{Environment, Expression, Kind, Literal, Type};
use crossfade_evaluator::program::{Context, DecideError, Instance, Reason, Value};
use serde_json::json;

use crate::build::*;

fn attributes() -> Environment {
    environment(&[
        ("user_id", Type::String),
        ("country", Type::String),
        ("subscription", Type::String),
    ])
}

fn migration() -> Instance {
    let names = attributes();
    let testers = is_in(attribute(&names, "user_id"), &["123", "456"]);
    let pro = bool(Kind::And(vec![
        is_in(attribute(&names, "country"), &["IN", "US"]),
        equal(attribute(&names, "subscription"), text("pro")),
    ]));
    let by = names.attribute_id("user_id").unwrap();
    let targeting = vec![
        rule("Testing Group", testers, 1),
        rolled_out(rule("Pro in India and the United States", pro, 2), by, 25.0),
    ];
    let variations = [
        ("user-groups", json!([false, false])),
        ("testing-groups", json!([false, true])),
        ("migrated", json!([true, true])),
    ];
    let feature = feature("postgres-migration", &["write", "read"], &variations, targeting);
    run(&rules(names, vec![feature]))
}

/// Value, variation, reason and rule of both variables, which must agree but for the value.
fn decided<'i>(
    instance: &'i Instance,
    pairs: &[(&str, Value<'_>)],
) -> (bool, bool, &'i str, Reason, Option<&'i str>) {
    let context = Context::new(pairs, 0);
    let write = instance.decide("write", &context).unwrap();
    let read = instance.decide("read", &context).unwrap();
    assert_eq!(
        (write.variant, write.reason, write.rule),
        (read.variant, read.reason, read.rule)
    );
    (
        write.as_bool().unwrap(),
        read.as_bool().unwrap(),
        read.variant,
        read.reason,
        read.rule,
    )
}

#[test]
fn testers_read_from_the_new_database_and_do_not_write_to_it() {
    let instance = migration();
    for user in ["123", "456"] {
        let answer = decided(&instance, &[("user_id", user.into()), ("country", "US".into())]);
        assert_eq!(
            answer,
            (
                false,
                true,
                "testing-groups",
                Reason::TargetingMatch,
                Some("Testing Group")
            )
        );
    }
}

#[test]
fn everyone_else_stays_where_they_are() {
    let instance = migration();
    let customers: [&[(&str, Value<'_>)]; 5] = [
        &[("user_id", "900".into()), ("country", "FR".into())],
        &[("user_id", "12".into())],
        &[
            ("user_id", "1234".into()),
            ("country", "IN".into()),
            ("subscription", "free".into()),
        ],
        &[("country", "US".into()), ("subscription", "enterprise".into())],
        &[],
    ];
    for customer in customers {
        let answer = decided(&instance, customer);
        assert_eq!(
            answer,
            (false, false, "user-groups", Reason::Default, None),
            "{customer:?}"
        );
    }
}

#[test]
fn a_quarter_of_pro_users_in_two_countries_is_migrated() {
    let instance = migration();
    let mut migrated = 0;
    for user in 1000..5000 {
        let user = user.to_string();
        let pairs = [
            ("user_id", Value::from(&*user)),
            ("country", "IN".into()),
            ("subscription", "pro".into()),
        ];
        match decided(&instance, &pairs) {
            (true, true, "migrated", Reason::Split, Some("Pro in India and the United States")) => {
                migrated += 1;
            }
            (false, false, "user-groups", Reason::Default, None) => {}
            other => panic!("{user}: {other:?}"),
        }
    }
    // Four standard deviations of a binomial distribution of 4,000 at a quarter are 110.
    assert!((890..=1110).contains(&migrated), "{migrated} of 4000");
}

#[test]
fn the_published_user_is_within_89_percent_and_not_within_88() {
    // DevCycle's check value: user asuh's rollout is 0.8878797164391447.
    let names = attributes();
    let by = names.attribute_id("user_id").unwrap();
    for (percent, expected) in [
        (89.0, true),
        (88.787_971_643_914_47, true),
        (88.78, false),
        (0.0, false),
        (100.0, true),
    ] {
        let everyone = bool(Kind::Literal(Literal::Bool(true)));
        let mut rolled = rolled_out(rule("rollout", everyone, 1), by, percent);
        rolled.salt = "61536f3bc838a705c105eb62".to_owned();
        let instance = run(&rules(names.clone(), vec![switch("feature", vec![rolled])]));
        let decision = instance
            .decide("feature", &Context::new(&[("user_id", "asuh".into())], 0))
            .unwrap();
        assert_eq!(decision.as_bool(), Some(expected), "{percent}");
    }
}

#[test]
fn a_missing_attribute_makes_every_comparison_unknown() {
    let names = attributes();
    let country = || attribute(&names, "country");
    let here = || equal(attribute(&names, "user_id"), text("1"));
    let literal = |value| bool(Kind::Literal(Literal::Bool(value)));
    let cases: Vec<(&str, Expression, bool)> = vec![
        ("country == 'US'", equal(country(), text("US")), false),
        ("country != 'US'", not_equal(country(), text("US")), false),
        ("!(country == 'US')", not(equal(country(), text("US"))), false),
        ("!(country != 'US')", not(not_equal(country(), text("US"))), false),
        ("country == country", equal(country(), country()), false),
        ("country in []", is_in(country(), &[]), false),
        ("!(country in ['US'])", not(is_in(country(), &["US"])), false),
        (
            "has(country)",
            bool(Kind::Has(names.attribute_id("country").unwrap())),
            false,
        ),
        (
            "!has(country)",
            not(bool(Kind::Has(names.attribute_id("country").unwrap()))),
            true,
        ),
        (
            "known && unknown",
            bool(Kind::And(vec![here(), equal(country(), text("US"))])),
            false,
        ),
        (
            "!(false && unknown)",
            not(bool(Kind::And(vec![
                literal(false),
                equal(country(), text("US")),
            ]))),
            true,
        ),
        (
            "!(unknown && false)",
            not(bool(Kind::And(vec![
                equal(country(), text("US")),
                literal(false),
            ]))),
            true,
        ),
        (
            "unknown || known",
            bool(Kind::Or(vec![not_equal(country(), text("US")), here()])),
            true,
        ),
        (
            "!(unknown || true)",
            not(bool(Kind::Or(vec![equal(country(), text("US")), literal(true)]))),
            false,
        ),
        (
            "unknown == unknown",
            equal(equal(country(), text("US")), equal(country(), text("US"))),
            false,
        ),
    ];
    for (source, condition, expected) in cases {
        let instance = run(&rules(
            names.clone(),
            vec![switch("feature", vec![rule("rule", condition, 1)])],
        ));
        let decision = instance
            .decide("feature", &Context::new(&[("user_id", "1".into())], 0))
            .unwrap();
        assert_eq!(decision.as_bool(), Some(expected), "{source}");
    }
}

#[test]
fn openfeatures_targeting_key_counts_where_there_is_no_user_id_in_whatever_order_they_come() {
    let instance = migration();
    let reads = |pairs: &[(&str, Value<'_>)]| {
        let decision = instance
            .decide("read", &Context::new(pairs, 0))
            .expect("a variable");
        (decision.as_bool() == Some(true), instance.mistyped().len())
    };
    let tester = ("targetingKey", Value::String("123"));
    for (own, expected) in [
        (Value::Null, (true, 0)),
        (Value::String("900"), (false, 0)),
        (Value::Int(7), (false, 1)),
    ] {
        let own = ("user_id", own);
        assert_eq!(reads(&[tester, own]), expected, "{own:?}");
        assert_eq!(reads(&[own, tester]), expected, "{own:?}");
    }
    assert_eq!(
        reads(&[("targetingKey", Value::Int(7)), ("user_id", Value::String("123"))]),
        (true, 0)
    );
}

#[test]
fn an_unknown_variable_is_an_error_and_not_a_default() {
    let instance = migration();
    let error = instance.decide("reed", &Context::new(&[], 0)).unwrap_err();
    assert_eq!(
        error,
        DecideError::UnknownVariable {
            key: "reed".to_owned()
        }
    );
}

#[test]
fn a_disabled_feature_serves_its_default_to_all() {
    let names = attributes();
    let mut off = switch(
        "feature",
        vec![rule("everyone", bool(Kind::Literal(Literal::Bool(true))), 1)],
    );
    off.enabled = false;
    let instance = run(&rules(names, vec![off]));
    let decision = instance
        .decide("feature", &Context::new(&[("user_id", "1".into())], 0))
        .unwrap();
    assert_eq!(
        (decision.value, decision.reason),
        (&json!(false), Reason::Disabled)
    );
}
