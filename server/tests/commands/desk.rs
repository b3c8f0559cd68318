//! A folder of one's own to run commands in.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A temporary folder with copies of all of `folders/`; commands run in it, and know nothing of our environment.
pub(crate) struct Desk(TempDir);

/// What a command said, and its exit code.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) code: Option<i32>,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let desk = tempfile::tempdir().expect("a temporary folder");
        copy(&here().join("folders"), desk.path());
        Self(desk)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder that can be made");
        fs::write(path, bytes).expect("a file that can be written");
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).expect("a file that can be read")
    }

    /// Runs `crossfade` with these arguments, which have no blanks.
    pub(crate) fn run(&self, arguments: &str) -> Said {
        let mut command = self.command(env!("CARGO_BIN_EXE_crossfade"));
        said(command.args(arguments.split(' ')))
    }

    /// Runs a line of shell, in which `crossfade` is ours; both its outputs are one.
    pub(crate) fn shell(&self, line: &str) -> Said {
        let mut command = self.command("sh");
        said(command.arg("-c").arg(format!("exec 2>&1; {line}")))
    }

    /// A program that will run here.
    pub(crate) fn command(&self, program: &str) -> Command {
        let ours = Path::new(env!("CARGO_BIN_EXE_crossfade"))
            .parent()
            .expect("a folder");
        let path = std::env::var("PATH").expect("a PATH");
        let mut command = Command::new(program);
        command
            .current_dir(self.0.path())
            .env_clear()
            .env("PATH", format!("{}:{path}", ours.display()))
            .env("COLUMNS", "100")
            .stdin(Stdio::null());
        command
    }
}

fn said(command: &mut Command) -> Said {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("a program that runs");
    Said {
        out: String::from_utf8(stdout).expect("text"),
        err: String::from_utf8(stderr).expect("text"),
        code: status.code(),
    }
}

/// The folder of this test.
pub(crate) fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/commands")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder that can be read") {
        let path = entry.expect("an entry").path();
        let copied = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &copied);
        } else {
            fs::copy(&path, &copied).expect("a copy");
        }
    }
}
