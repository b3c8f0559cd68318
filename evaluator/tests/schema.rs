//! The JSON Schema of the files is kept beside them.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

#[path = "support/golden.rs"]
mod golden;

use std::path::Path;

use crossfade_evaluator::rules::schema;

#[test]
fn the_schema_in_the_repository_is_current() {
    let text = serde_json::to_string_pretty(&schema()).expect("JSON");
    golden::check(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules/schema.json"),
        &(text + "\n"),
    );
}
