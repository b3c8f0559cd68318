//! The rules of the story, as they stand in the repository.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

#[path = "support/files.rs"]
mod files;

use std::path::Path;

use crossfade_evaluator::condition::{Kind, Type};
use crossfade_evaluator::diagnostic::{Severity, render_text};
use crossfade_evaluator::rules::{Loaded, Rollout, Serve, Share, ValueType, load};

fn story() -> Loaded {
    load(&files::folder(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules"),
    ))
}

#[test]
fn the_story_has_no_mistakes() {
    let Loaded {
        diagnostics,
        sources,
        rules,
        ..
    } = story();
    let errors: Vec<_> = diagnostics
        .into_iter()
        .filter(|d| d.severity() == Severity::Error)
        .collect();
    assert!(errors.is_empty(), "{}", render_text(&errors, &sources, false));
    assert!(rules.is_some());
}

#[test]
fn the_story_is_read_as_it_is_written() {
    let rules = story().rules.expect("rules without errors");
    let [feature] = rules.features.as_slice() else {
        panic!("one feature")
    };
    assert_eq!(feature.name, "postgres-migration");
    assert!(feature.enabled);
    let keys: Vec<_> = feature
        .variables
        .iter()
        .map(|variable| (variable.key.as_str(), variable.ty))
        .collect();
    assert_eq!(
        keys,
        [("write", ValueType::Boolean), ("read", ValueType::Boolean)]
    );
    let names: Vec<_> = feature
        .variations
        .iter()
        .map(|variation| variation.name.as_str())
        .collect();
    assert_eq!(names, ["user-groups", "testing-groups", "migrated"]);
    assert_eq!(
        feature.variations[1].values,
        [serde_json::json!(false), serde_json::json!(true)]
    );
    assert_eq!(feature.default, 0);

    let [testers, pro] = feature.targeting.as_slice() else {
        panic!("two rules")
    };
    assert_eq!(testers.serve, Serve::One(1));
    assert_eq!((&testers.rollout, testers.by), (&None, None));
    assert!(matches!(&testers.condition.kind, Kind::In { .. }));
    assert_eq!(
        rules.sources.slice(testers.condition.span),
        r#"user_id in ["123", "456"]"#
    );
    assert_eq!(pro.rollout, Some(Rollout::Fixed(Share(0.25))));
    assert_eq!(pro.by, rules.environment.attribute_id("user_id"));
    assert_eq!(pro.salt, "Pro in India and the United States");
    assert!(matches!(&pro.condition.kind, Kind::And(both) if both.len() == 2));

    assert_eq!(feature.tests.len(), 3);
    assert_eq!(feature.tests[0].given[0], ("user_id".to_owned(), "123".into()));
    let country = rules
        .environment
        .attribute_id("country")
        .and_then(|id| rules.environment.attribute(id));
    assert_eq!(country.map(|attribute| attribute.ty.clone()), Some(Type::String));
}

#[test]
fn the_version_follows_the_texts() {
    let files = files::folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules"));
    let version = |files: &[(String, Vec<u8>)]| load(files).rules.expect("rules").version;
    let mut changed = files.clone();
    changed[0].1.push(b'\n');
    assert_eq!(version(&files), version(&files));
    assert_ne!(version(&files), version(&changed));
}
