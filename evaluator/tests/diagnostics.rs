//! Each folder under `tests/diagnostics/` is a folder of rules; beside its files stands what is wrong with them, as
//! people read it. `BLESS=1 cargo test -p crossfade-evaluator` writes these files anew.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

#[path = "support/files.rs"]
mod files;
#[path = "support/golden.rs"]
mod golden;

use std::fs;
use std::path::Path;

use crossfade_evaluator::analysis::unreached;
use crossfade_evaluator::diagnostic::{Code, render_json, render_short, render_text};
use crossfade_evaluator::rules::{Loaded, load};

fn cases() -> Vec<std::path::PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics");
    let mut cases: Vec<_> = fs::read_dir(root)
        .expect("the folder of cases")
        .map(|entry| entry.expect("a case").path())
        .filter(|path| path.is_dir())
        .collect();
    cases.sort();
    cases
}

/// What loading says, and what analysis adds where there is nothing wrong.
fn loaded(case: &Path) -> Loaded {
    let mut loaded = load(&files::folder(case));
    if let Some(rules) = &loaded.rules {
        loaded.diagnostics.extend(unreached(rules));
    }
    loaded
}

#[test]
fn every_mistake_is_told_as_its_golden_file_says() {
    for case in cases() {
        let Loaded {
            diagnostics,
            sources,
            rules,
            ..
        } = loaded(&case);
        let verdict = if rules.is_some() {
            "These rules can be used.\n"
        } else {
            "These rules cannot be used.\n"
        };
        golden::check(
            &case.join("diagnostics.out"),
            &(render_text(&diagnostics, &sources, false) + verdict),
        );
    }
}

#[test]
fn short_and_json_forms_tell_the_same_places() {
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics/twenty-mistakes");
    let Loaded {
        diagnostics, sources, ..
    } = loaded(&case);
    golden::check(&case.join("short.out"), &render_short(&diagnostics, &sources));
    let json = serde_json::to_string_pretty(&render_json(&diagnostics, &sources)).expect("JSON");
    golden::check(&case.join("json.out"), &(json + "\n"));
}

#[test]
fn a_diagnostic_in_colour_has_the_same_words() {
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics/twenty-mistakes");
    let Loaded {
        diagnostics, sources, ..
    } = loaded(&case);
    let coloured = render_text(&diagnostics, &sources, true);
    assert!(coloured.contains("\x1b["));
    let mut plain = String::new();
    let mut rest = coloured.as_str();
    while let Some(escape) = rest.find("\x1b[") {
        plain.push_str(&rest[..escape]);
        rest = &rest[escape..];
        rest = &rest[rest.find('m').expect("the end of an escape") + 1..];
    }
    plain.push_str(rest);
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(&plain), words(&render_text(&diagnostics, &sources, false)));
}

#[test]
fn every_code_is_shown_by_some_case() {
    let mut shown: Vec<Code> = cases()
        .iter()
        .flat_map(|case| loaded(case).diagnostics)
        .map(|diagnostic| diagnostic.code)
        .collect();
    shown.sort();
    shown.dedup();
    let missing: Vec<&Code> = Code::ALL
        .iter()
        // Such a file is not kept: `limits.rs` makes one.
        .filter(|code| **code != Code::TooLarge)
        .filter(|code| !shown.contains(code))
        .collect();
    assert!(missing.is_empty(), "no case shows {missing:?}");
}
