//! Questions whose answers are known.

use crossfade_evaluator::analysis::Always;
use crossfade_evaluator::diagnostic::Code;
use serde_json::json;

use crate::world::World;

#[track_caller]
fn proved(conditions: &[&str]) {
    assert_eq!(
        World::of(conditions).always_on(0),
        Always::Proved,
        "{conditions:?}"
    );
}

/// The context of the counter-example.
#[track_caller]
fn refuted(conditions: &[&str]) -> serde_json::Value {
    match World::of(conditions).always_on(0) {
        Always::Refuted { example, .. } => example.context.into(),
        other => panic!("{conditions:?}: {other:?}"),
    }
}

#[test]
fn what_holds_for_everyone_is_proved() {
    proved(&["true"]);
    proved(&["has(country) || !has(country)"]);
    proved(&["!has(level) || level < 3 || level >= 3"]);
    proved(&["level <= 3", "false && beta", "!has(level) || level > 2"]);
    proved(&[
        "country == \"IN\"",
        "false",
        "country != \"IN\"",
        "false",
        "!has(country)",
    ]);
    proved(&["country.startsWith(\"I\") || !country.matches(\"^I\") || !has(country)"]);
    proved(&["!(country.endsWith(\"land\") && country.matches(\"^[0-9]+$\")) || !has(country)"]);
    proved(&["app >= semver(\"1.2.0\") || app < semver(\"1.2.0\") || !has(app)"]);
    proved(&["!(\"a\" in roles && !(\"a\" in roles)) || !has(roles)"]);
    proved(&["now >= timestamp(\"1970-01-01T00:00:00Z\")"]);
    proved(&["since < timestamp(0) || since >= timestamp(0) || !has(since)"]);
    // What is not taken apart, and yet is the same thing twice.
    proved(&[
        "size(country) > 2",
        "false",
        "!(size(country) > 2) || !has(country) || true",
    ]);
}

#[test]
fn what_does_not_is_refuted_by_a_context() {
    assert_eq!(refuted(&["false"]), json!({}));
    // Missing is a value too.
    assert_eq!(refuted(&["country == \"IN\" || country != \"IN\""]), json!({}));
    assert_eq!(
        refuted(&["level < 3 || level > 3 || !has(level)"]),
        json!({ "level": 3 })
    );
    assert_eq!(
        refuted(&["!has(country) || country != \"IN\""]),
        json!({ "country": "IN" })
    );
    // No number is on neither side.
    assert_eq!(
        refuted(&["!has(score) || score < 3.0 || score >= 3.0"]),
        json!({ "score": "NaN" })
    );
    assert_eq!(
        refuted(&[
            "!has(country) || !country.startsWith(\"I\") || !country.endsWith(\"N\") || country == \"IN\""
        ])["country"]
            .as_str()
            .map(|text| text.starts_with('I') && text.ends_with('N') && text != "IN"),
        Some(true)
    );
    // The least version after another.
    assert_eq!(
        refuted(&["!has(app) || app <= semver(\"1.2.3\") || app >= semver(\"1.2.4\")"]),
        json!({ "app": "1.2.4-0" })
    );
    assert_eq!(
        refuted(&["!has(since) || since != timestamp(\"2026-12-01T09:00:00Z\")"]),
        json!({ "since": "2026-12-01T09:00:00Z" })
    );
}

#[test]
fn what_cannot_be_taken_apart_is_not_guessed() {
    for condition in [
        "size(country) < 100 || !has(country)",
        "!has(level) || level * level >= 0 || level < 0 || level > 3000000000",
    ] {
        let answer = World::of(&[condition]).always_on(0);
        assert!(
            matches!(answer, Always::Unknown { .. }),
            "{condition}: {answer:?}"
        );
    }
}

fn rolled_out(rollout: &str) -> String {
    format!("name: r, when: has(user_id) || !has(user_id), rollout: {rollout}, serve: yes")
}

#[test]
fn rollouts_leave_somebody_out_until_they_are_complete() {
    let everyone = "name: e, when: has(user_id), rollout: 100%, serve: yes".to_owned();
    let nobody = "name: n, when: '!has(user_id)', serve: yes".to_owned();
    assert_eq!(
        World::new(&[everyone, nobody.clone()]).always_on(0),
        Always::Proved
    );
    let most = World::new(&[rolled_out("99.9%"), nobody]);
    let Always::Refuted { example, .. } = most.always_on(0) else {
        panic!("somebody is outside")
    };
    assert!(example.context.contains_key("user_id"), "{example:?}");

    // By time: from the moment on at which everybody is within.
    let schedule = rolled_out("{ from: 2026-12-01T00:00:00Z, to: 2026-12-08T00:00:00Z, percent: 0..100 }");
    let end_ms = 1_796_688_000_000;
    let schedule = World::new(&[schedule]);
    assert_eq!(schedule.always_on(end_ms), Always::Proved);
    assert!(matches!(schedule.always_on(end_ms - 1), Always::Refuted { .. }));
}

#[test]
fn a_named_users_bucket_is_known() {
    // The published user is within 89 percent and not within 88.
    let rule = |percent: u32, serve: &str| {
        format!(
            "name: r, salt: 61536f3bc838a705c105eb62, when: user_id == \"asuh\", rollout: {percent}%, serve: {serve}"
        )
    };
    let rest = "name: rest, when: user_id != \"asuh\" || !has(user_id), serve: yes".to_owned();
    assert_eq!(
        World::new(&[rule(89, "yes"), rest.clone()]).always_on(0),
        Always::Proved
    );
    assert!(matches!(
        World::new(&[rule(88, "yes"), rest]).always_on(0),
        Always::Refuted { .. }
    ));
}

#[track_caller]
fn warned(targeting: &[&str], expected: &[(Code, &str)]) {
    let targeting: Vec<String> = targeting.iter().map(|rule| (*rule).to_owned()).collect();
    let world = World::new(&targeting);
    let found: Vec<_> = world
        .unreached()
        .into_iter()
        .map(|warning| (warning.code, warning.message))
        .collect();
    let expected: Vec<_> = expected
        .iter()
        .map(|(code, message)| (*code, (*message).to_owned()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn rules_that_serve_nobody_are_told() {
    let never = [(Code::NeverMatches, "no context matches the rule `b`")];
    let shadowed = [(Code::Shadowed, "the rule `b` is never reached")];
    warned(
        &[
            "name: a, when: beta, serve: yes",
            "name: b, when: level > 3 && level < 2, serve: yes",
        ],
        &never,
    );
    warned(
        &["name: b, when: country == \"IN\" && country == \"US\", serve: yes"],
        &never,
    );
    warned(
        &["name: b, when: 'country.startsWith(\"I\") && country in [\"US\"]', serve: yes"],
        &never,
    );
    warned(
        &["name: b, when: 'country.matches(\"^[a-z]+$\") && country.contains(\"I\")', serve: yes"],
        &never,
    );
    warned(&["name: b, when: '!has(level) && level > 2', serve: yes"], &never);
    warned(
        &[
            "name: a, when: level > 2, serve: yes",
            "name: b, when: level > 3 && beta, serve: no",
        ],
        &shadowed,
    );
    warned(
        &[
            "name: a, when: beta, serve: yes",
            "name: c, when: '!beta', serve: yes",
            "name: b, when: 'has(beta)', serve: no",
        ],
        &shadowed,
    );
    // The same users, by the same salt; and others by another.
    warned(
        &[
            "name: a, salt: s, when: beta, rollout: 50%, serve: yes",
            "name: b, salt: s, when: beta, rollout: 40%, serve: no",
        ],
        &shadowed,
    );
    warned(
        &[
            "name: a, when: beta, rollout: 50%, serve: yes",
            "name: b, when: beta, rollout: 40%, serve: no",
        ],
        &[],
    );
    // At another time.
    warned(
        &[
            "name: a, when: beta, to: 2026-12-01T00:00:00Z, serve: yes",
            "name: b, when: beta, serve: no",
        ],
        &[],
    );
    warned(
        &[
            "name: a, when: beta, to: 2026-12-01T00:00:00Z, serve: yes",
            "name: c, when: beta, from: 2026-12-01T00:00:00Z, serve: yes",
            "name: b, when: beta, serve: no",
        ],
        &shadowed,
    );
    // What is not taken apart may hold.
    warned(
        &["name: b, when: size(country) > 3 && size(country) < 2, serve: yes"],
        &[],
    );
}

#[test]
fn a_change_is_shown_with_a_context_for_each_kind() {
    let before = World::of(&["user_id in [\"123\", \"456\"]"]);
    let after = World::of(&[
        "user_id in [\"123\", \"456\"]",
        "false",
        "country in [\"IN\", \"US\"] && level == 2",
    ]);
    let difference = before.changes_to(&after, 0);
    assert!(difference.unknown.is_empty(), "{difference:?}");
    let [change] = &difference.changes[..] else {
        panic!("{difference:?}")
    };
    assert_eq!(
        (change.before.rule.as_deref(), change.after.rule.as_deref()),
        (None, Some("r2"))
    );
    assert_eq!(
        change.after.values,
        json!({ "on": true }).as_object().expect("an object").clone()
    );
    assert_eq!(change.example.context["level"], 2);
    // The same said otherwise changes nothing.
    let same = World::of(&["user_id == \"123\" || user_id == \"456\""]);
    assert_eq!(before.changes_to(&same, 0).changes, []);
    assert_eq!(before.changes_to(&same, 0).unknown.len(), 0);
    // A raised percentage changes something for those in between only.
    let rule = |percent: u32| {
        World::new(&[format!(
            "name: r, when: has(user_id), rollout: {percent}%, serve: yes"
        )])
    };
    let raised = rule(10).changes_to(&rule(12), 0);
    let [change] = &raised.changes[..] else {
        panic!("{raised:?}")
    };
    assert_eq!(
        (change.before.rule.as_deref(), change.after.rule.as_deref()),
        (None, Some("r"))
    );
    assert!(raised.unknown.is_empty(), "{raised:?}");
}
