//! The rules' files inside a module: what goes in comes out, and what a hostile module says is refused clearly.

#![expect(
    clippy::expect_used,
    reason = "a test whose surroundings fail should fail and say where"
)]

#[path = "support/files.rs"]
mod files;

use std::path::Path;

use crossfade_evaluator::compile::compile;
use crossfade_evaluator::program::{LoadError, Program, SourceFiles, add_sources, sources, without_sources};
use crossfade_evaluator::rules::{Loader, load};
use crossfade_evaluator::source::Source;
use wasm_encoder::{CustomSection, Encode, Section};

fn story() -> SourceFiles {
    files::folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules"))
}

/// The story's module, without sources.
fn module() -> Vec<u8> {
    let rules = load(&story()).rules.expect("rules without errors");
    compile(&rules).expect("rules that compile")
}

fn carrying(files: &[(&str, &str)]) -> Vec<u8> {
    let mut wasm = module();
    add_sources(&mut wasm, files.iter().copied()).expect("few sources");
    wasm
}

/// A module with this in the section of its sources.
fn saying(data: &[u8]) -> Vec<u8> {
    let mut wasm = module();
    let section = CustomSection {
        name: "crossfade.sources".into(),
        data: data.into(),
    };
    section.append_to(&mut wasm);
    wasm
}

fn vector(count: u32, parts: &[&str]) -> Vec<u8> {
    let mut data = Vec::new();
    count.encode(&mut data);
    for part in parts {
        part.encode(&mut data);
    }
    data
}

fn refused(wasm: &[u8]) -> String {
    sources(wasm).expect_err("a module that is refused").to_string()
}

#[test]
fn what_goes_into_a_module_comes_out_and_it_runs_as_before() {
    let long = "user-00000001\n".repeat(200_000);
    let files = [
        ("context.yaml", "attributes: {}"),
        ("segments/é.txt", &long),
        ("empty.yaml", ""),
    ];
    let wasm = carrying(&files);
    let expected: SourceFiles = files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()))
        .collect();
    assert_eq!(sources(&wasm).unwrap(), Some(expected));
    let program = Program::load(&wasm).unwrap();
    assert_eq!(*program.metadata(), Program::inspect(&module()).unwrap());
}

#[test]
fn a_module_carries_nothing_until_it_is_given_something() {
    assert_eq!(sources(&module()).unwrap(), None);
    assert_eq!(without_sources(&module()).unwrap(), module());
    assert_eq!(sources(&carrying(&[])).unwrap(), Some(Vec::new()));
}

#[test]
fn without_its_sources_a_module_is_what_the_compiler_wrote() {
    let wasm = carrying(&[("context.yaml", "attributes: {}")]);
    assert_eq!(without_sources(&wasm).unwrap(), module());
}

#[test]
fn the_version_of_what_comes_out_is_that_of_what_went_in() {
    let loaded = load(&story());
    let texts: Vec<(&str, &str)> = loaded
        .sources
        .iter()
        .map(|source| (source.path(), source.text()))
        .collect();
    let wasm = carrying(&texts);
    let carried = load(&sources(&wasm).unwrap().unwrap());
    assert_eq!(carried.version, Program::inspect(&wasm).unwrap().version);
    assert_eq!(carried.version, loaded.version);
}

#[test]
fn a_module_cut_short_anywhere_in_its_sources_is_refused() {
    let wasm = carrying(&[("context.yaml", "attributes: {}"), ("a.yaml", "feature: a")]);
    for length in module().len() + 1..wasm.len() {
        assert!(sources(&wasm[..length]).is_err(), "{length}");
        assert!(
            matches!(Program::load(&wasm[..length]), Err(LoadError::Invalid(_))),
            "{length}"
        );
    }
}

#[test]
fn sources_that_end_too_early_are_refused() {
    let whole = vector(2, &["a.yaml", "feature: a", "b.yaml", "feature: b"]);
    assert!(sources(&saying(&whole)).is_ok());
    for length in 0..whole.len() {
        assert_eq!(
            refused(&saying(&whole[..length])),
            "the module's sources cannot be read"
        );
    }
    assert_eq!(
        refused(&saying(&vector(1, &["a.yaml", "feature: a", "b.yaml"]))),
        "the module is not a Crossfade program: something follows its sources"
    );
}

#[test]
fn more_than_rules_could_be_is_refused_before_room_is_made_for_it() {
    assert_eq!(
        refused(&saying(&vector(u32::MAX, &[]))),
        "the module has so many sources: 4294967295, and 200000 are allowed"
    );
    // The length of a text that is not there.
    let mut data = vector(1, &["a.yaml"]);
    u32::MAX.encode(&mut data);
    assert_eq!(refused(&saying(&data)), "the module's sources cannot be read");
    assert_eq!(
        refused(&saying(&vec![0; (256 << 20) + 1])),
        "the module has so many bytes of sources: 268435457, and 268435456 are allowed"
    );
}

#[test]
fn what_no_terminal_should_see_and_no_text_is_refused() {
    for path in ["", "a\u{1b}[2J.yaml", "a\nb.yaml"] {
        assert_eq!(
            refused(&saying(&vector(1, &[path, ""]))),
            "the module is not a Crossfade program: a source has a path that cannot be shown"
        );
    }
    assert_eq!(
        refused(&saying(&[1, 1, b'a', 2, 0xc3, 0x28])),
        "the module's sources cannot be read"
    );
}

#[test]
fn sources_twice_are_refused() {
    let mut wasm = carrying(&[("a.yaml", "")]);
    add_sources(&mut wasm, [("b.yaml", "")].into_iter()).unwrap();
    assert_eq!(
        refused(&wasm),
        "the module is not a Crossfade program: it has sources twice"
    );
}

#[test]
fn what_is_no_module_is_refused() {
    for bytes in [b"".as_slice(), b"rules", b"\0asm", b"\0asm\x0d\0\x01\0"] {
        assert!(sources(bytes).is_err(), "{bytes:?}");
        assert!(without_sources(bytes).is_err(), "{bytes:?}");
    }
}

#[test]
fn rules_that_are_loaded_again_carry_no_file_that_is_gone() {
    let feature = |name: &str| {
        let text = format!(
            "feature: {name}\nvariables: {{ {name}: {{ type: boolean }} }}\n\
             variations: {{ on: {{ {name}: true }} }}\ndefault: on\n"
        );
        (format!("{name}.yaml"), text.into_bytes())
    };
    let context = ("context.yaml".to_owned(), b"attributes: {}".to_vec());
    let mut loader = Loader::default();
    let both = [context.clone(), feature("a"), feature("b")];
    assert!(loader.load(&both).rules.is_some());
    let rules = loader.load(&[context, feature("a")]).rules;
    let rules = rules.expect("rules without errors");
    let paths: Vec<&str> = rules.sources.iter().map(Source::path).collect();
    assert_eq!(paths, ["a.yaml", "context.yaml"]);
    assert_eq!(rules.features.len(), 1);
}
