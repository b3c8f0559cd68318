//! The documents: what a guide for rule authors shows is what its commands say, and whatever is named anywhere is there.
//!
//! A block that begins with ```` ```console ```` is a session: its commands run one after another in one folder that has a copy of the
//! repository's rules. `BLESS=1 cargo test --package crossfade --test commands` writes their outputs, and the reference, anew.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::desk::Desk;

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

/// Compares with a file, or writes it.
#[track_caller]
fn golden(file: &Path, found: &str) {
    if std::env::var_os("BLESS").is_some() {
        fs::write(file, found).expect("a document that can be written");
        return;
    }
    let expected = fs::read_to_string(file).expect("a document that can be read");
    assert!(
        expected == found,
        "{} is stale; to accept what is new: BLESS=1 cargo test --package crossfade --test commands\n--- found\n{found}",
        file.display()
    );
}

/// A folder with the repository's rules in `rules`.
fn with_our_rules() -> Desk {
    let desk = Desk::new();
    fs::create_dir_all(desk.path("rules/segments")).expect("a folder");
    for name in ["context.yaml", "postgres-migration.yaml"] {
        let ours = docs().join("../rules").join(name);
        fs::copy(ours, desk.path("rules").join(name)).expect("a copy");
    }
    desk
}

#[test]
fn a_rule_author_s_guide_shows_what_its_commands_say() {
    let file = docs().join("rule-author.md");
    let text = fs::read_to_string(&file).expect("the guide");
    let desk = with_our_rules();
    let (mut found, mut is_session) = (String::new(), false);
    for line in text.lines() {
        if line.starts_with("```") {
            is_session = line == "```console";
            _ = writeln!(found, "{line}");
        } else if !is_session {
            _ = writeln!(found, "{line}");
        } else if let Some(command) = line.strip_prefix("$ ") {
            let said = desk.shell(command);
            _ = writeln!(found, "{line}");
            found.push_str(&said.out);
        }
    }
    golden(&file, &found);
}

/// All that the program says of itself: `crossfade`, and each command below it.
fn helps() -> Vec<(String, String)> {
    let desk = Desk::new();
    let mut helps = Vec::new();
    let mut waiting = vec![String::new()];
    while let Some(command) = waiting.pop() {
        let arguments = format!("{command} --help");
        let help = desk.run(arguments.trim_start()).out;
        let listed = help
            .split("\nCommands:\n")
            .nth(1)
            .and_then(|rest| rest.split("\n\n").next());
        let names = listed.into_iter().flat_map(str::lines).filter_map(|line| {
            let name = line.strip_prefix("  ")?.split(' ').next()?;
            (!name.is_empty() && name != "help").then_some(name)
        });
        let below: Vec<String> = names
            .map(|name| format!("{command} {name}").trim_start().to_owned())
            .collect();
        waiting.extend(below.into_iter().rev());
        helps.push((command, help));
    }
    helps
}

#[test]
fn the_reference_of_commands_is_what_they_say_of_themselves() {
    let mut text = String::from(
        "# Commands\n\nMade by `BLESS=1 cargo test --package crossfade --test commands` from what the commands say of themselves.\n",
    );
    for (command, help) in helps() {
        let title = format!("crossfade {command}");
        _ = write!(
            text,
            "\n## {}\n\n```\n{}\n```\n",
            title.trim_end(),
            help.trim_end()
        );
    }
    golden(&docs().join("reference/commands.md"), &text);
}

#[test]
fn every_command_and_option_in_the_documents_is_there() {
    let helps = helps();
    let mut wrong = BTreeSet::new();
    let mut seen = 0;
    for file in documents() {
        let text = fs::read_to_string(&file).expect("a document");
        for line in code_lines(&text) {
            let Some((_, command)) = line.split_once("crossfade ") else {
                continue;
            };
            // What follows a pipe or stands in a remark is no argument.
            let command = command
                .split([';', '|', '#', '`', ')'])
                .next()
                .unwrap_or_default();
            let words: Vec<&str> = command.split_whitespace().collect();
            let depth = (0..=words.len().min(2))
                .rev()
                .find(|depth| helps.iter().any(|(name, _)| *name == words[..*depth].join(" ")));
            let name = words[..depth.unwrap_or_default()].join(" ");
            if name.is_empty() {
                let is_option = words
                    .first()
                    .is_none_or(|word| !word.chars().all(|c| c.is_ascii_lowercase()));
                if !is_option {
                    wrong.insert(format!("{}: {line}", file.display()));
                }
                continue;
            }
            seen += 1;
            let help = &helps
                .iter()
                .find(|(known, _)| *known == name)
                .expect("just found")
                .1;
            for option in words.iter().filter(|word| word.starts_with("--")) {
                let option = option.split('=').next().unwrap_or_default();
                if !help.contains(option) {
                    wrong.insert(format!("{}: {option} of {name}", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(seen > 20, "{seen} commands were found");
}

#[test]
fn links_between_documents_lead_somewhere() {
    for file in documents() {
        let text = fs::read_to_string(&file).expect("a document");
        let folder = file.parent().expect("a folder");
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = target.split('#').next().unwrap_or_default();
            if !path.is_empty() && !path.contains("://") {
                assert!(folder.join(path).exists(), "{}: {target}", file.display());
            }
        }
    }
}

/// The guides, the README and what stands beside it.
fn documents() -> Vec<PathBuf> {
    let root = docs().join("..");
    let beside = ["README.md", "ARCHITECTURE.md", "SECURITY.md"];
    let guides = ["rule-author.md", "backend.md", "operator.md"];
    let beside = beside.iter().map(|name| root.join(name));
    beside
        .chain(guides.iter().map(|name| docs().join(name)))
        .collect()
}

/// Lines of fenced blocks that are commands: each that begins with `crossfade`, a prompt, or a setting before it.
fn code_lines(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    text.lines().filter(move |line| {
        if line.starts_with("```") {
            is_code = !is_code;
            return false;
        }
        let line = line.trim_start_matches("$ ").trim_start();
        is_code && (line.starts_with("crossfade ") || line.contains(" crossfade serve"))
    })
}
