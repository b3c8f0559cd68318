//! Golden files beside their input.

use std::fs;
use std::path::Path;

/// Compares a text with a golden file, or writes it there if `BLESS` is set.
pub(crate) fn check(path: &Path, text: &str) {
    if std::env::var_os("BLESS").is_some() {
        fs::write(path, text).expect("a golden file that can be written");
        return;
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    assert!(
        expected == text,
        "{} is stale. To accept what is new: BLESS=1 cargo test -p crossfade-evaluator\n--- expected\n{expected}\n--- found\n{text}",
        path.display(),
    );
}
