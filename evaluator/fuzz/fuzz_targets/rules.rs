//! Whatever a rules folder holds: it loads or is refused with diagnostics that can be shown; read again after a change it says
//! what a fresh look says; and what loads compiles, validates, and decides as its explanation does.
#![no_main]

use crossfade_evaluator::diagnostic::{render_json, render_short, render_text};
use crossfade_evaluator::rules::{Loaded, Loader};
use crossfade_evaluator::testing::{self, Selection};
use crossfade_evaluator_fuzz::{decide_without_fault, folder, write_seeds};
use libfuzzer_sys::fuzz_target;

// With the repository's path in `FUZZ_SEEDS_OF` it only writes the seeds of all targets: a program without libFuzzer cannot be linked
// with what is instrumented for it.
fuzz_target!(init: {
    if let Some(root) = std::env::var_os("FUZZ_SEEDS_OF") {
        let written = write_seeds(root.as_ref(), "corpus".as_ref()).expect("seeds can be written");
        println!("{written} seeds");
        std::process::exit(0);
    }
}, |bytes: &[u8]| {
    let files = folder(bytes);
    let mut loader = Loader::default();
    let loaded = loader.load(&files);
    show(&loaded);

    // Without its last file, and then with it again, the loader knows some of it already.
    loader.load(&files[..files.len().saturating_sub(1)]);
    let again = loader.load(&files);
    assert_eq!(render_short(&loaded.diagnostics, &loaded.sources), render_short(&again.diagnostics, &again.sources));
    assert_eq!((&loaded.version, loaded.rules.is_some()), (&again.version, again.rules.is_some()));

    if let Some(rules) = &loaded.rules {
        let program = decide_without_fault(rules);
        if let Some(program) = program.filter(|_| rules.features.iter().any(|feature| !feature.tests.is_empty())) {
            testing::run(rules, &program, 0, &Selection::default()).expect("an instance for the tests");
        }
    }
});

/// A diagnostic's place and edits lie in its file, or showing it would panic.
fn show(loaded: &Loaded) {
    let Loaded { diagnostics, sources, .. } = loaded;
    render_text(diagnostics, sources, false);
    render_text(diagnostics, sources, true);
    render_json(diagnostics, sources);
    for diagnostic in diagnostics {
        for edit in diagnostic.suggestion.iter().flat_map(|suggestion| &suggestion.edits) {
            let source = sources.get(edit.span.file).expect("an edit is of a file");
            let range = edit.span.start as usize..edit.span.end as usize;
            assert!(source.text().get(range).is_some(), "{diagnostic:?}");
        }
    }
}
