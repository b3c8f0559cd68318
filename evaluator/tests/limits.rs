//! What is large, deep or broken works or is refused clearly, in bounded time and memory.

#![expect(
    clippy::panic,
    clippy::format_push_string,
    reason = "a test whose surroundings fail should fail and say where"
)]

use crossfade_evaluator::condition::Kind;
use crossfade_evaluator::diagnostic::Code;
use crossfade_evaluator::rules::{Loaded, Loader, Rules, load};

const CONTEXT: &str = "attributes: { user_id: { type: string } }\n";

type Files = Vec<(String, Vec<u8>)>;

fn files(named: &[(&str, &str)]) -> Files {
    named
        .iter()
        .map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()))
        .collect()
}

fn feature(name: &str, condition: &str) -> String {
    format!(
        "feature: {name}\nvariables: {{ {name}: {{ type: boolean }} }}\n\
         variations: {{ off: {{ {name}: false }}, on: {{ {name}: true }} }}\n\
         targeting:\n  - name: Rule\n    when: {condition}\n    serve: on\ndefault: off\n"
    )
}

#[track_caller]
fn accepted(files: &Files) -> Rules {
    let Loaded {
        rules, diagnostics, ..
    } = load(files);
    rules.unwrap_or_else(|| panic!("{}", diagnostics[0].message))
}

#[track_caller]
fn refused(files: &Files) -> Code {
    let Loaded {
        rules, diagnostics, ..
    } = load(files);
    assert!(rules.is_none());
    diagnostics[0].code
}

#[test]
fn a_segment_of_100_000_lines_is_read() {
    let lines: Vec<String> = (0..100_000).map(|line| format!("user-{line:08}")).collect();
    let rules = accepted(&files(&[
        ("context.yaml", CONTEXT),
        ("one.yaml", &feature("one", "user_id in segment(\"long\")")),
        ("segments/long.txt", &lines.join("\n")),
    ]));
    let id = rules
        .environment
        .segment_id("long")
        .and_then(|id| rules.environment.segment(id));
    assert_eq!(id.map(|segment| segment.values.len()), Some(100_000));
}

#[test]
fn a_string_of_1_mb_is_read() {
    let long = "x".repeat(1 << 20);
    let rules = accepted(&files(&[
        ("context.yaml", CONTEXT),
        ("one.yaml", &feature("one", &format!("user_id == \"{long}\""))),
    ]));
    assert!(matches!(
        rules.features[0].targeting[0].condition.kind,
        Kind::Compare { .. }
    ));
}

#[test]
fn a_list_of_100_000_values_is_read() {
    let values: Vec<String> = (0..100_000).map(|value| format!("\"{value}\"")).collect();
    accepted(&files(&[
        ("context.yaml", CONTEXT),
        (
            "one.yaml",
            &feature("one", &format!("user_id in [{}]", values.join(", "))),
        ),
    ]));
}

#[test]
fn deep_conditions_are_read_or_refused() {
    let nested = |depth: usize| {
        let condition = format!("{}has(user_id){}", "(".repeat(depth), ")".repeat(depth));
        files(&[
            ("context.yaml", CONTEXT),
            ("one.yaml", &feature("one", &condition)),
        ])
    };
    accepted(&nested(200));
    assert_eq!(refused(&nested(100_000)), Code::TooDeep);
}

#[test]
fn deep_yaml_is_refused() {
    for deep in ["[".repeat(100_000), "{a: ".repeat(100_000), "- ".repeat(100_000)] {
        let text = format!("feature: deep\nvariables: {deep}");
        // Which of the two it is depends on whether so much nesting could be YAML at all.
        assert!(matches!(
            refused(&files(&[("context.yaml", CONTEXT), ("deep.yaml", &text)])),
            Code::TooDeep | Code::YamlSyntax
        ));
    }
    let chain: String = (1..1000).fold("a0: &a0 [x]\n".to_owned(), |text, n| {
        text + &format!("a{n}: &a{n} [*a{}]\n", n - 1)
    });
    assert!(matches!(
        refused(&files(&[("context.yaml", CONTEXT), ("deep.yaml", &chain)])),
        Code::TooDeep | Code::AliasExpansion
    ));
}

#[test]
fn a_bomb_of_aliases_is_refused() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..20 {
        let below = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb += &format!("a{level}: &a{level} [{below}]\n");
    }
    assert_eq!(
        refused(&files(&[("context.yaml", CONTEXT), ("bomb.yaml", &bomb)])),
        Code::AliasExpansion
    );
}

#[test]
fn what_is_no_text_is_refused() {
    let mut binary = files(&[("context.yaml", CONTEXT)]);
    binary.push(("one.yaml".to_owned(), vec![0xFF, 0xFE, 0, 1, 2]));
    assert_eq!(refused(&binary), Code::NotUtf8);
    assert_eq!(
        refused(&files(&[
            ("context.yaml", CONTEXT),
            ("one.yaml", "feature: \u{0}")
        ])),
        Code::YamlSyntax
    );
    let large = " ".repeat((32 << 20) + 1);
    assert_eq!(
        refused(&files(&[("context.yaml", CONTEXT), ("one.yaml", &large)])),
        Code::TooLarge
    );
}

#[test]
fn a_file_with_thousands_of_mistakes_is_told_in_bounded_time() {
    let mut text = feature("one", "contry == \"IN\"");
    for rule in 0..2000 {
        text = text.replace(
            "default:",
            &format!("  - {{ name: Rule {rule}, when: usr == 1, serve: onn }}\ndefault:"),
        );
    }
    let Loaded { diagnostics, .. } = load(&files(&[("context.yaml", CONTEXT), ("one.yaml", &text)]));
    assert_eq!(diagnostics.len(), 4001);
}

#[test]
fn a_context_that_cannot_be_read_is_not_called_missing() {
    let (mut loader, binary) = (Loader::default(), vec![b'#', 0xFF]);
    let b = ("b.yaml".to_owned(), feature("b", "has(user_id)").into_bytes());
    let mut folder = vec![("context.yaml".to_owned(), binary), b];
    let codes = |loaded: &Loaded| {
        loaded
            .diagnostics
            .iter()
            .map(|told| told.code)
            .collect::<Vec<_>>()
    };
    assert_eq!(codes(&loader.load(&folder)), [Code::NotUtf8]);

    // Where there is none, the first feature's file is shown, in whatever order the files came.
    folder[0] = ("a.yaml".to_owned(), feature("a", "has(user_id)").into_bytes());
    let loaded = loader.load(&folder);
    assert_eq!(codes(&loaded), [Code::NoContext]);
    let (first, second) = (folder.swap_remove(0), folder.remove(0));
    let mut loader = Loader::default();
    loader.load(std::slice::from_ref(&second));
    for loaded in [loader.load(&[second.clone(), first.clone()]), loaded] {
        let file = loaded.diagnostics[0].span().file;
        assert_eq!(loaded.sources.get(file).expect("a file").path(), "a.yaml");
    }
}

#[test]
fn a_loader_reads_what_changed() {
    let mut folder = files(&[("context.yaml", CONTEXT)]);
    for name in ["a", "b", "c"] {
        folder.push((
            format!("{name}.yaml"),
            feature(name, "user_id == \"1\"").into_bytes(),
        ));
    }
    let mut loader = Loader::default();
    let first = loader.load(&folder).rules.expect("rules");
    folder[2].1 = feature("b", "user_id == \"2\"").into_bytes();
    let second = loader.load(&folder).rules.expect("rules");
    assert_ne!(first.version, second.version);
    assert_eq!(
        first.features[0].targeting[0].condition,
        second.features[0].targeting[0].condition
    );
    assert_ne!(
        first.features[1].targeting[0].condition,
        second.features[1].targeting[0].condition
    );
    // What was loaded before still points into the texts it was loaded from.
    assert_eq!(
        first.sources.slice(first.features[1].targeting[0].condition.span),
        "user_id == \"1\""
    );
    assert_eq!(
        second
            .sources
            .slice(second.features[1].targeting[0].condition.span),
        "user_id == \"2\""
    );

    folder.remove(2);
    assert_eq!(loader.load(&folder).rules.expect("rules").features.len(), 2);
    // Another context is checked against everything anew.
    folder[0].1 = b"attributes: { country: { type: string } }\n".to_vec();
    let third = loader.load(&folder);
    assert!(third.rules.is_none());
    assert_eq!(third.diagnostics.len(), 2);
    // And what a loader says is what a fresh look says.
    assert_eq!(
        loader.load(&folder).diagnostics.len(),
        load(&folder).diagnostics.len()
    );
}
