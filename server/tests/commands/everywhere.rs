//! What holds for every command.

use std::io::Read as _;
use std::process::Stdio;

use super::desk::Desk;

#[test]
fn every_command_has_examples_in_its_help() {
    let desk = Desk::new();
    let commands = [
        "",
        "demo",
        "serve",
        "check",
        "test",
        "eval",
        "explain",
        "diff",
        "build",
        "migrate",
        "migrate verify",
        "migrate repair",
        "completions",
    ];
    for command in commands {
        let said = desk.run(format!("{command} --help").trim_start());
        assert_eq!((said.err.as_str(), said.code), ("", Some(0)), "{command}");
        assert!(said.out.contains("\nExamples:\n  "), "{command}: {}", said.out);
    }
}

#[test]
fn a_command_that_fails_says_so_in_json_where_json_was_asked_for() {
    let desk = Desk::new();
    let failing = [
        ("check --format json --rules nosuch", 2),
        ("test --format json --rules mistakes", 1),
        ("test --format json --rules shop nosuch", 1),
        ("eval --format json --rules mistakes", 1),
        ("eval --format json --rules shop nosuch", 1),
        ("eval --format=json --rules shop --context @nosuch.json", 2),
        ("explain --format json --rules mistakes", 1),
        ("explain --format json --rules shop nosuch", 1),
        ("check --format json --rules shop --always nosuch=true", 1),
        ("diff --format json mistakes shop", 1),
        ("diff --format json shop nosuch", 2),
        ("build --format json --rules mistakes", 1),
        ("build --format json --rules shop -o shop", 2),
        ("eval --format json --at yesterday", 2),
        ("eval --format=json --bogus", 2),
        (
            "migrate verify --format json --old-database-url postgres://a@127.0.0.1:1/a --new-database-url postgres://a@127.0.0.1:1/b",
            2,
        ),
    ];
    for (command, code) in failing {
        let said = desk.run(command);
        assert_eq!(said.code, Some(code), "{command}: {said:?}");
        let answer: serde_json::Value = serde_json::from_str(&said.out).expect(command);
        assert!(answer["error"]["message"].is_string(), "{command}: {answer}");
        let told = answer["error"]["diagnostics"].is_array();
        assert_eq!(told, command.contains("mistakes"), "{command}: {answer}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure_and_hides_none() {
    let desk = Desk::new();
    for (arguments, code) in [
        ("check --rules shop", 0),
        ("check --rules mistakes", 1),
        ("test --rules failing", 1),
        ("eval --rules shop", 0),
        ("explain --rules shop", 0),
        ("diff shop shop", 0),
        ("completions zsh", 0),
        ("--help", 0),
    ] {
        let mut command = desk.command(env!("CARGO_BIN_EXE_crossfade"));
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut child = command
            .args(arguments.split(' '))
            .stdout(writer)
            .stderr(Stdio::piped())
            .spawn()
            .expect("a program that runs");
        let mut complaint = String::new();
        let mut stderr = child.stderr.take().expect("standard error");
        stderr.read_to_string(&mut complaint).expect("text");
        let code_found = child.wait().expect("an end").code();
        assert_eq!((complaint.as_str(), code_found), ("", Some(code)), "{arguments}");
    }
}

#[test]
fn colour_is_for_terminals_only() {
    let desk = Desk::new();
    for command in [
        "check --rules mistakes",
        "eval --rules mistakes",
        "explain --rules shop",
        "chek",
        "--help",
    ] {
        let said = desk.run(command);
        assert!(
            !said.out.contains('\x1b') && !said.err.contains('\x1b'),
            "{command}"
        );
    }
}

#[test]
fn there_are_completions_for_every_shell() {
    let desk = Desk::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let said = desk.run(&format!("completions {shell}"));
        assert_eq!((said.err.as_str(), said.code), ("", Some(0)), "{shell}");
        assert!(said.out.contains("require-coverage"), "{shell}");
    }
}
