//! Commands and what they say, kept as a person would see them on a terminal.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::desk::{Desk, here};

#[test]
fn commands_say_what_their_sessions_show() {
    let mut sessions: Vec<_> = fs::read_dir(here().join("sessions"))
        .expect("the folder of sessions")
        .map(|entry| entry.expect("a session").path())
        .collect();
    sessions.sort();
    let stale: Vec<String> = sessions.iter().filter_map(|session| replay(session)).collect();
    assert!(
        stale.is_empty(),
        "to accept what is new: BLESS=1 cargo test --package crossfade --test commands\n{}",
        stale.join("\n")
    );
}

/// Runs a session's commands one after another, in one folder. What differs, if anything does.
fn replay(session: &Path) -> Option<String> {
    let expected = fs::read_to_string(session).expect("a session that can be read");
    let desk = Desk::new();
    let mut found = String::new();
    for line in expected.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            // Writing into a string cannot fail.
            let _ = writeln!(found, "{line}\n{}", output_of(&desk, command));
        } else if line.starts_with("# ") {
            let _ = writeln!(found, "{line}");
        }
    }
    if std::env::var_os("BLESS").is_some() {
        fs::write(session, found).expect("a session that can be written");
        return None;
    }
    (expected != found).then(|| format!("--- {}\n{expected}\n--- found\n{found}", session.display()))
}

/// What a command says, a line with its exit code unless that is 0, and an empty line.
fn output_of(desk: &Desk, command: &str) -> String {
    let said = desk.shell(command);
    let mut text = without_sizes(&said.out);
    match said.code {
        Some(0) => {}
        Some(code) => _ = writeln!(text, "[{code}]"),
        None => text.push_str("[killed]\n"),
    }
    text
}

/// How large a program is changes with every mend of the compiler.
fn without_sizes(text: &str) -> String {
    let mut parts = text.split(" bytes");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let kept = plain.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        if kept < plain.len() {
            plain.truncate(kept);
            plain.push_str("(some)");
        }
        plain.push_str(" bytes");
        plain.push_str(part);
    }
    plain
}
