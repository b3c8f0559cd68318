//! Running the tests in the files: each folder under `tests/testing/` is a folder of rules; beside its files stands what
//! its tests come to. `BLESS=1 cargo test -p crossfade-evaluator` writes these files anew.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test whose surroundings fail should fail and say where"
)]

#[path = "support/files.rs"]
mod files;
#[path = "support/golden.rs"]
mod golden;

use std::path::Path;

use crossfade_evaluator::compile::compile;
use crossfade_evaluator::program::{Program, Reason};
use crossfade_evaluator::rules::{Rules, load};
use crossfade_evaluator::testing::{Count, Difference, GapKind, Report, Selection, run};

/// 2026-12-01T00:00:00Z
const NOW_MS: i64 = 1_796_083_200_000;

fn compiled(files: &[(String, Vec<u8>)]) -> (Rules, Program) {
    let loaded = load(files);
    let rules = loaded
        .rules
        .unwrap_or_else(|| panic!("{:?}", loaded.diagnostics.first()));
    let wasm = compile(&rules).expect("rules that compile");
    (rules, Program::load(&wasm).expect("a program that loads"))
}

fn report_of(folder: &str, words: &[&str]) -> Report {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/testing")
        .join(folder);
    let (rules, program) = compiled(&files::folder(&root));
    let selection = Selection::new(words.iter().map(|word| (*word).to_owned()));
    run(&rules, &program, NOW_MS, &selection).expect("a run")
}

/// A feature of one boolean variable and the variations `off`, which is the default, and `on`.
fn switch(targeting: &str, tests: &str) -> Report {
    let context = "attributes:\n  user_id: { type: string }\n  country: { type: string }\n";
    let feature = format!(
        "feature: switch\nvariables: {{ it: {{ type: boolean }} }}\n\
         variations: {{ off: {{ it: false }}, on: {{ it: true }} }}\n{targeting}\ndefault: off\n{tests}\n"
    );
    let named = [("context.yaml", context), ("switch.yaml", &feature)];
    let (rules, program) = compiled(&named.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec())));
    run(&rules, &program, NOW_MS, &Selection::default()).expect("a run")
}

fn gaps(report: &Report) -> Vec<(GapKind, &str)> {
    report.gaps().map(|gap| (gap.kind, gap.name.as_str())).collect()
}

#[test]
fn what_tests_come_to_is_as_the_golden_file_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/testing/shop");
    let report = serde_json::to_string_pretty(&report_of("shop", &[])).expect("JSON");
    golden::check(&root.join("report.out"), &(report + "\n"));
}

#[test]
fn a_selection_runs_only_what_it_names_and_says_nothing_of_coverage() {
    let all = report_of("shop", &[]);
    let some = report_of("shop", &["banner"]);
    assert!(!some.tests.is_empty() && some.tests.len() < all.tests.len());
    assert!(some.tests.iter().all(|test| test.feature == "banner"));
    assert_eq!(some.coverage, []);
    let place = all.tests[0].place.to_string();
    assert_eq!(report_of("shop", &[&place]).tests, all.tests[..1]);
    assert_eq!(report_of("shop", &["no such feature"]).tests, []);
}

#[test]
fn a_test_at_a_moment_is_decided_at_that_moment_and_any_other_now() {
    let targeting =
        "targeting:\n  - { name: Later, when: country == \"FR\", from: 2027-01-01T00:00:00Z, serve: on }";
    let report = switch(
        targeting,
        "tests:\n  - { given: { country: FR }, expect: { it: false } }\n  \
         - { given: { country: FR }, at: 2027-01-01T00:00:00Z, expect: { it: true } }\n  \
         - { given: { country: FR }, at: 2026-12-31T23:59:59Z, rule: null }",
    );
    assert!(report.is_good(), "{report:?}");
    assert_eq!(gaps(&report), []);
}

#[test]
fn an_attribute_of_no_value_is_missing() {
    let report = switch(
        "targeting:\n  - { name: Abroad, when: country != \"FR\", serve: on }",
        "tests:\n  - { given: { country: null }, expect: { it: false }, variation: off, rule: null }\n  \
         - { given: { country: DE }, rule: Abroad }",
    );
    assert!(report.is_good(), "{report:?}");
}

#[test]
fn everything_that_differs_is_told_with_what_was_decided() {
    let report = switch(
        "targeting:\n  - { name: French, when: country == \"FR\", serve: on }",
        "tests:\n  - { given: { country: FR }, expect: { it: false }, variation: off, rule: null }",
    );
    assert_eq!((report.passed, report.failed), (0, 1));
    let expected = [
        Difference::Value {
            key: "it".to_owned(),
            expected: false.into(),
            found: true.into(),
        },
        Difference::Variation {
            expected: "off".to_owned(),
            found: "on".to_owned(),
        },
        Difference::Rule {
            expected: None,
            found: Some("French".to_owned()),
        },
    ];
    assert_eq!(report.tests[0].differences, expected);
    let decided = report.tests[0].decided.as_ref().expect("a decision");
    assert_eq!(decided.reason, Reason::TargetingMatch);
}

#[test]
fn a_test_that_expects_nothing_passes_and_reaches_nothing() {
    let report = switch(
        "targeting:\n  - { name: French, when: country == \"FR\", serve: on }",
        "tests:\n  - { given: { country: FR } }\n  - { given: {}, rule: null }",
    );
    assert!(report.is_good());
    assert_eq!(
        gaps(&report),
        [(GapKind::Rule, "French"), (GapKind::Variation, "on")]
    );
}

#[test]
fn without_tests_nothing_is_reached() {
    let report = switch(
        "targeting:\n  - { name: French, when: country == \"FR\", serve: on }",
        "",
    );
    assert_eq!(
        gaps(&report),
        [
            (GapKind::Rule, "French"),
            (GapKind::Variation, "off"),
            (GapKind::Variation, "on"),
            (GapKind::Default, "off"),
        ]
    );
    assert_eq!(report.coverage[0].total(), Count { reached: 0, of: 4 });
}

#[test]
fn what_plainly_nobody_reaches_is_not_asked_for() {
    for (targeting, reachable) in [
        (
            "targeting:\n  - { name: Nobody, when: country == \"FR\", rollout: 0%, serve: on }",
            2,
        ),
        ("targeting:\n  - { name: Never, when: \"false\", serve: on }", 2),
        // Nobody is left for the default.
        ("targeting:\n  - { name: All, when: \"true\", serve: on }", 2),
        (
            "targeting:\n  - { name: All, when: \"true\", rollout: 100%, serve: on }",
            2,
        ),
        // Somebody is: before the window, outside the rollout, or without what weights go by.
        (
            "targeting:\n  - { name: All, when: \"true\", from: 2027-01-01T00:00:00Z, serve: on }",
            4,
        ),
        (
            "targeting:\n  - { name: All, when: \"true\", rollout: 99%, serve: on }",
            4,
        ),
        (
            "targeting:\n  - { name: All, when: \"true\", serve: { on: 100%, off: 0% } }",
            4,
        ),
        (
            "enabled: false\ntargeting:\n  - { name: All, when: \"true\", serve: on }",
            2,
        ),
    ] {
        let report = switch(targeting, "");
        assert_eq!(report.coverage[0].total().of, reachable, "{targeting}");
    }
}

#[test]
fn a_feature_without_variables_cannot_be_asked() {
    let context = ("context.yaml".to_owned(), b"attributes: {}".to_vec());
    let feature = "feature: empty\nvariables: {}\nvariations: { only: {} }\ndefault: only\n\
                   tests:\n  - { given: {}, variation: only }\n";
    let (rules, program) = compiled(&[context, ("empty.yaml".to_owned(), feature.as_bytes().to_vec())]);
    let report = run(&rules, &program, NOW_MS, &Selection::default()).expect("a run");
    assert_eq!(report.tests[0].differences, [Difference::Answer { fault: None }]);
    assert_eq!(report.tests[0].decided, None);
}
