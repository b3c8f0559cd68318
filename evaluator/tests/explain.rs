//! Explanations as people and machines read them, as golden files. `BLESS=1 cargo test -p crossfade-evaluator` writes these
//! anew.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "support/files.rs"]
mod files;
#[path = "support/golden.rs"]
mod golden;

use std::path::Path;

use crossfade_evaluator::condition::parse_timestamp;
use crossfade_evaluator::diagnostic::render_text as render_diagnostics;
use crossfade_evaluator::explain::{Cause, Explanation, RuleOutcome, explain, render_text};
use crossfade_evaluator::program::Context;
use crossfade_evaluator::rules::{Rules, load};
use serde_json::{Map, Value as Json, json};

const STORY: &str = "../rules";
const SHOP: &str = "tests/explain/shop";

fn rules(folder: &str) -> Rules {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let loaded = load(&files::folder(&folder));
    let diagnostics = render_diagnostics(&loaded.diagnostics, &loaded.sources, false);
    loaded.rules.unwrap_or_else(|| panic!("{diagnostics}"))
}

fn object(json: Json) -> Map<String, Json> {
    match json {
        Json::Object(object) => object,
        other => panic!("{other} is no object"),
    }
}

/// Explains one feature of a folder for a context, at a moment.
fn explained(folder: &str, feature: &str, given: Json, at: &str) -> Explanation {
    let (seconds, _) = parse_timestamp(at).expect(at);
    let given = object(given);
    Explanation {
        // A hash of the texts, which are the story's and may change.
        version: "of the rules".to_owned(),
        ..explain(&rules(folder), &Context::new(&given, seconds * 1000), |found| {
            found.name == feature
        })
    }
}

/// Compares texts of explanations, one below the other, with a golden file.
fn check(name: &str, explanations: &[Explanation]) {
    let texts: Vec<String> = explanations
        .iter()
        .map(|explanation| render_text(explanation, false))
        .collect();
    golden::check(&path(name), &texts.join("\n----\n\n"));
}

fn path(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/explain")
        .join(name)
}

#[test]
fn the_story_is_explained() {
    let at = "2026-12-01T09:00:00Z";
    let story = |given: Json| explained(STORY, "postgres-migration", given, at);
    check(
        "story.out",
        &[
            story(json!({ "user_id": "123", "country": "US" })),
            story(json!({ "user_id": "900", "country": "FR", "subscription": "pro" })),
            story(json!({ "user_id": "900", "subscription": "pro" })),
            // By MurmurHash3, the first is at 0.1336 of all, and the second at 0.3137.
            story(json!({ "user_id": "1001", "country": "IN", "subscription": "pro" })),
            story(json!({ "user_id": "1000", "country": "IN", "subscription": "pro" })),
        ],
    );
}

#[test]
fn what_is_odd_in_a_context_is_told() {
    let given = json!({
        "user_id": 123, "contry": "US", "country": "us", "subscription": "por", "targetingKey": "123", "unheard": [1, null],
    });
    check(
        "odd.out",
        &[
            explained(STORY, "postgres-migration", given, "2026-12-01T09:00:00Z"),
            explained(STORY, "postgres-migration", json!({}), "2026-12-01T09:00:00Z"),
        ],
    );
}

#[test]
fn rollouts_weights_windows_and_disabled_features_are_explained() {
    let december = "2026-12-04T12:00:00Z";
    // DevCycle's published user: at 0.5193853656573653 of all, and 0.8878797164391447 of a rollout.
    let asuh = json!({ "user_id": "asuh", "plan": "pro", "account": 7 });
    let here = json!({ "country": "US" });
    check(
        "serving.out",
        &[
            explained(SHOP, "checkout", asuh.clone(), december),
            explained(SHOP, "checkout", json!({}), december),
            explained(SHOP, "search", asuh, december),
            explained(
                SHOP,
                "search",
                json!({ "account": 7, "plan": "pro" }),
                "2026-12-01T00:00:00Z",
            ),
            // Account 7 is at 0.5691 of all by this salt.
            explained(SHOP, "search", json!({ "account": 7 }), "2026-12-08T00:00:00Z"),
            explained(SHOP, "search", json!({ "account": 7 }), "2026-12-12T00:00:00Z"),
            explained(SHOP, "season", here.clone(), december),
            explained(SHOP, "season", here.clone(), "2027-01-01T00:00:00Z"),
            explained(SHOP, "banner", json!({ "user_id": "asuh" }), december),
        ],
    );
}

#[test]
fn conditions_of_every_form_are_explained() {
    let at = "2026-12-04T12:00:00Z";
    check(
        "conditions.out",
        &[
            explained(SHOP, "access", json!({ "user_id": "ben", "plan": "pro" }), at),
            explained(
                SHOP,
                "access",
                json!({
                    "user_id": "carl", "tags": ["new", "vip-1", "vip"], "orders": 0, "beta": true, "app_version": "2.0.0-beta",
                }),
                at,
            ),
            explained(
                SHOP,
                "access",
                json!({
                    "user_id": "anna", "tags": ["new"], "orders": 2, "beta": false, "app_version": "2.0", "country": "US",
                    "visits": ["2026-12-04T09:00:00+01:00", "yesterday", "2026-11-01T00:00:00Z"],
                }),
                at,
            ),
            explained(
                SHOP,
                "access",
                json!({ "orders": 0, "beta": "yes", "tags": [], "visits": [] }),
                at,
            ),
        ],
    );
}

#[test]
fn an_explanation_is_json_for_machines() {
    let given = json!({ "user_id": "1001", "country": "IN", "subscription": "pro", "age": 7 });
    let explanation = explained(STORY, "postgres-migration", given, "2026-12-01T09:00:00Z");
    let json = serde_json::to_string_pretty(&explanation).expect("JSON");
    golden::check(&path("story.json.out"), &(json + "\n"));
}

#[test]
fn an_explanation_in_colour_has_the_same_words() {
    let given = json!({ "user_id": "900", "plan": "pro" });
    let explanation = explained(SHOP, "access", given, "2026-12-04T12:00:00Z");
    let coloured = render_text(&explanation, true);
    assert!(coloured.contains("\x1b["));
    let mut plain = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once("\x1b[") {
        plain.push_str(before);
        rest = after.split_once('m').expect("the end of an escape").1;
    }
    plain.push_str(rest);
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(&plain), words(&render_text(&explanation, false)));
}

/// Deep, wide, and with macros in macros; a string of a mebibyte, and long lists.
#[test]
fn large_conditions_and_contexts_are_explained_within_bounds() {
    let deep = format!("{}has(user_id){}", "!(".repeat(90), ")".repeat(90));
    let wide = vec!["user_id == \"a\""; 2000].join(" || ");
    let feature = format!(
        "feature: f\nvariables: {{ f: {{ type: boolean }} }}\nvariations: {{ off: {{ f: false }}, on: {{ f: true }} }}\n\
         targeting:\n  - {{ name: deep, when: '{deep} && country == \"FR\"', serve: on }}\n  - {{ name: wide, when: '{wide}', serve: on }}\n\
         \x20 - {{ name: list, when: 'tags.all(tag, tags.exists_one(other, other == tag))', serve: on }}\ndefault: off\n"
    );
    let context = "attributes:\n  user_id: { type: string }\n  country: { type: string }\n  tags: { type: list(string) }\n";
    let files = [
        ("context.yaml".to_owned(), context.as_bytes().to_vec()),
        ("f.yaml".to_owned(), feature.into_bytes()),
    ];
    let loaded = load(&files);
    let rules = loaded
        .rules
        .unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
    let given = |tags: usize| {
        let tags: Vec<String> = (0..tags).map(|nth| format!("tag {nth}")).collect();
        object(json!({ "user_id": "x".repeat(1 << 20), "country": "US", "tags": tags }))
    };
    let given_few = given(300);
    let explanation = explain(&rules, &Context::new(&given_few, 0), |_| true);
    assert_eq!(explanation.features[0].decision.rule.as_deref(), Some("list"));
    let json = serde_json::to_string(&explanation).expect("JSON");
    let text = render_text(&explanation, false);
    assert!(
        json.len() < 4 << 20 && text.len() < 2 << 20,
        "{} and {}",
        json.len(),
        text.len()
    );

    let given_many = given(5000);
    let explanation = explain(&rules, &Context::new(&given_many, 0), |_| true);
    assert_eq!(explanation.features[0].decision.rule, None);
    let RuleOutcome::ConditionUnknown { because } = &explanation.features[0].rules[2].outcome else {
        panic!("25,000,000 comparisons are too many");
    };
    assert!(matches!(because[..], [Cause::TooLong { .. }]), "{because:?}");
}
