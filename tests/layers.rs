//! Arrows between modules point one way: the house that ARCHITECTURE.md draws is the one that stands.
//!
//! Every `crate::…` path in the sources of both crates is an arrow from the module it stands in to the module it
//! names. An arrow that is not drawn here fails, and so does a module that is not drawn at all.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A module and those it may use.
type Arrows = &'static [(&'static str, &'static [&'static str])];

const SERVER: Arrows = &[
    ("config", &[]),
    ("error", &[]),
    ("cluster", &["config"]),
    ("databases", &["config", "error"]),
    ("catalog", &["databases", "config", "error"]),
    ("flags", &["databases", "config", "error"]),
    ("sync", &["flags", "catalog", "databases", "config", "error"]),
    (
        "verify",
        &["sync", "flags", "catalog", "databases", "config", "error"],
    ),
    (
        "migration",
        &[
            "verify",
            "sync",
            "flags",
            "catalog",
            "databases",
            "config",
            "error",
        ],
    ),
    (
        "routing",
        &[
            "verify",
            "sync",
            "flags",
            "catalog",
            "databases",
            "config",
            "error",
        ],
    ),
    (
        "http",
        &[
            "migration",
            "routing",
            "verify",
            "sync",
            "flags",
            "catalog",
            "databases",
            "config",
            "error",
        ],
    ),
    (
        "cli",
        &[
            "http",
            "migration",
            "routing",
            "verify",
            "sync",
            "flags",
            "catalog",
            "databases",
            "config",
            "error",
            "cluster",
        ],
    ),
];

const EVALUATOR: Arrows = &[
    ("source", &[]),
    ("diagnostic", &["source"]),
    ("condition", &["diagnostic", "source"]),
    ("rules", &["condition", "diagnostic", "source"]),
    ("program", &[]),
    (
        "compile",
        &["rules", "condition", "diagnostic", "source", "program"],
    ),
    (
        "explain",
        &["rules", "condition", "diagnostic", "source", "program"],
    ),
    (
        "testing",
        &["rules", "condition", "diagnostic", "source", "program"],
    ),
    (
        "analysis",
        &["compile", "rules", "condition", "diagnostic", "source", "program"],
    ),
];

/// What the evaluator must not touch: it is pure, and `now` is data.
const IMPURE: [&str; 7] = [
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "SystemTime::now",
    "Instant::now",
    "tokio::",
];

#[test]
fn no_arrow_of_the_server_points_the_wrong_way() {
    assert_eq!(wrong_arrows("server/src", SERVER), Vec::<String>::new());
}

#[test]
fn no_arrow_of_the_evaluator_points_the_wrong_way() {
    assert_eq!(wrong_arrows("evaluator/src", EVALUATOR), Vec::<String>::new());
}

#[test]
fn the_evaluator_reads_no_file_clock_network_or_environment() {
    let mut touched = Vec::new();
    for file in sources("evaluator/src") {
        let text = code(&file);
        for impure in IMPURE.iter().filter(|name| text.contains(**name)) {
            touched.push(format!("{} names {impure}", file.display()));
        }
    }
    assert_eq!(touched, Vec::<String>::new());
}

#[test]
fn a_path_is_read_whether_it_stands_alone_in_a_group_or_in_an_expression() {
    let text =
        "use crate::alpha::One;\nuse crate::{beta::{Two, crate_like}, gamma};\nlet x = crate::delta::f();";
    assert_eq!(
        modules_named(text),
        BTreeSet::from(["alpha", "beta", "delta", "gamma"].map(str::to_owned))
    );
}

#[test]
fn a_wrong_arrow_is_found() {
    let arrows: Arrows = &[("low", &[]), ("high", &["low"])];
    assert_eq!(judge("low", "use crate::high::X;", arrows), vec!["low → high"]);
    assert_eq!(
        judge("high", "use crate::low::X; use crate::high::Y;", arrows),
        Vec::<String>::new()
    );
    assert_eq!(judge("other", "", arrows), vec!["other is not drawn"]);
}

fn wrong_arrows(folder: &str, arrows: Arrows) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in sources(folder) {
        let Some(module) = module_of(&file, folder) else {
            continue;
        };
        let found = judge(&module, &code(&file), arrows);
        wrong.extend(
            found
                .into_iter()
                .map(|arrow| format!("{}: {arrow}", file.display())),
        );
    }
    wrong
}

/// The wrong arrows of a text that stands in `module`.
fn judge(module: &str, text: &str, arrows: Arrows) -> Vec<String> {
    let Some((_, allowed)) = arrows.iter().find(|(name, _)| *name == module) else {
        return vec![format!("{module} is not drawn")];
    };
    let named = modules_named(text).into_iter();
    named
        .filter(|name| name != module && !allowed.contains(&name.as_str()))
        .map(|name| format!("{module} → {name}"))
        .collect()
}

/// The top module that a file belongs to; none for `lib.rs`, `main.rs`, which may use all.
fn module_of(file: &Path, folder: &str) -> Option<String> {
    let inside = file
        .strip_prefix(root().join(folder))
        .expect("a file of that folder");
    let first = inside
        .components()
        .next()?
        .as_os_str()
        .to_string_lossy()
        .into_owned();
    let module = first.trim_end_matches(".rs").to_owned();
    (!["lib", "main"].contains(&module.as_str())).then_some(module)
}

/// The first names of all `crate::…` paths, groups in braces included.
fn modules_named(text: &str) -> BTreeSet<String> {
    text.match_indices("crate::")
        .flat_map(|(at, path)| first_names(&text[at + path.len()..]))
        .collect()
}

fn first_names(path: &str) -> Vec<String> {
    let Some(group) = path.strip_prefix('{') else {
        return vec![leading_name(path)];
    };
    let mut depth = 0_u32;
    let mut names = vec![leading_name(group)];
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(leading_name(&group[at + 1..])),
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

fn leading_name(text: &str) -> String {
    text.trim_start()
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

/// A file without its comments: a link in a doc comment is no arrow.
fn code(file: &Path) -> String {
    let text = fs::read_to_string(file).expect("a source file");
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

fn sources(folder: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a source folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
