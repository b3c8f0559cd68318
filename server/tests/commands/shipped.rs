//! The repository's own rules: a newcomer's first example, and what the README shows of it.

use std::fs;
use std::path::Path;

use super::desk::{Desk, Said};

fn on_our_rules(arguments: &str) -> Said {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules");
    Desk::new().run(&format!("{arguments} --rules {}", rules.display()))
}

#[test]
fn our_own_rules_have_no_warning_and_tests_for_everything() {
    for command in ["check --deny-warnings", "test --require-coverage"] {
        let said = on_our_rules(command);
        assert_eq!((said.err.as_str(), said.code), ("", Some(0)), "{said:?}");
    }
}

#[test]
fn the_readme_shows_what_check_and_test_say_of_them() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = fs::read_to_string(readme).unwrap();
    for command in ["check", "test"] {
        let shown = format!("$ crossfade {command}\n{}", on_our_rules(command).out);
        assert!(readme.contains(&shown), "{shown}");
    }
}
