//! `crossfade demo` from outside: it ends by itself or by Ctrl-C, proves what it says, and leaves nothing behind.

#![expect(
    clippy::unwrap_used,
    reason = "a test whose surroundings fail should fail and say where"
)]

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

/// A small shop, so that the tests are about the demo and not about its rows.
fn demo(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crossfade"));
    command
        .args(["demo", "--customers", "1000"])
        .args(arguments)
        .env("TMPDIR", folder);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

/// A folder that the servers, as another user, can get through to.
fn open_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    folder
}

/// Reads its output until a line contains `text`; what follows is still to be read.
fn read_until(child: &mut Child, text: &str) -> BufReader<ChildStdout> {
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains(text) {
        line.clear();
        assert!(
            output.read_line(&mut line).unwrap() > 0,
            "it ended before it said {text:?}"
        );
    }
    output
}

fn interrupt(child: &Child) {
    kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGINT).unwrap();
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect()
}

#[test]
fn the_walk_fails_no_request_and_ends_with_equal_databases() {
    let folder = open_folder();
    let output = demo(
        folder.path(),
        &["--auto", "--rollback", "--seconds", "10", "--format", "json"],
    )
    .output()
    .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["requests"]["failed"], 0, "{report}");
    assert_eq!(report["requests"]["back_in_time"], 0, "{report}");
    assert_eq!(report["left_in_journal"], 0, "{report}");
    assert_eq!(report["completed"], true, "{report}");
    assert_eq!(report["fences_ms"].as_array().map(Vec::len), Some(3), "{report}");
    for kind in [
        "reads_from_old",
        "reads_from_new",
        "writes_to_old",
        "writes_to_both",
    ] {
        assert!(
            report["requests"][kind].as_u64().unwrap() > 0,
            "no {kind} in {report}"
        );
    }
    let tables = report["tables"].as_array().unwrap();
    assert_eq!(tables.len(), 4, "{report}");
    for table in tables {
        assert_eq!(table["differing"], 0, "{table}");
        assert_eq!(table["equal"], table["old_rows"], "{table}");
        assert_ne!(table["equal"], 0, "{table}");
    }
    assert_eq!(
        entries(folder.path()),
        Vec::<PathBuf>::new(),
        "it left something behind"
    );
}

#[test]
fn ctrl_c_closes_an_open_shop_with_a_comparison_and_leaves_nothing_behind() {
    let folder = open_folder();
    let mut child = demo(folder.path(), &[]).spawn().unwrap();
    let mut rest = read_until(&mut child, "The shop is open");
    interrupt(&child);
    let mut said = String::new();
    rest.read_to_string(&mut said).unwrap();
    assert!(child.wait().unwrap().success(), "{said}");
    assert!(said.contains("Every row of both databases"), "{said}");
    assert!(said.contains(" 0 differing"), "{said}");
    assert!(
        !said.contains('\x1b'),
        "colour codes for a reader that is no terminal"
    );
    assert_eq!(
        entries(folder.path()),
        Vec::<PathBuf>::new(),
        "it left something behind"
    );
}

#[test]
fn ctrl_c_while_the_stage_is_set_cleans_up() {
    let folder = open_folder();
    let mut child = demo(folder.path(), &[]).spawn().unwrap();
    let mut rest = read_until(&mut child, "Crossfade");
    interrupt(&child);
    rest.read_to_string(&mut String::new()).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(
        entries(folder.path()),
        Vec::<PathBuf>::new(),
        "it left something behind"
    );
}

#[test]
fn a_data_folder_is_kept_and_gone_on_with() {
    let folder = open_folder();
    let data = folder.path().join("shop");
    let data = data.to_str().unwrap();
    let mut child = demo(folder.path(), &["--data", data]).spawn().unwrap();
    let mut rest = read_until(&mut child, "The shop is open");
    interrupt(&child);
    rest.read_to_string(&mut String::new()).unwrap();
    assert!(child.wait().unwrap().success());

    let walk = || {
        demo(folder.path(), &["--auto", "--seconds", "5", "--data", data])
            .output()
            .unwrap()
    };
    let output = walk();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(said.contains(data), "it does not say where its data is: {said}");
    // The walk ends with old's retirement, after which there is nothing to go on with.
    let output = walk();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("is completed; take another for --data"), "{said}");
    assert!(folder.path().join("shop/rules/postgres-migration.yaml").is_file());
}
