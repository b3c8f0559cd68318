//! Where PostgreSQL's server programs are.
//!
//! Debian keeps them out of `PATH` (only wrappers of the client programs are there), so a few well-known places are
//! looked into as well.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::ClusterError;

/// Names the folder with the server programs, before anything else is tried.
const FOLDER_VARIABLE: &str = "CROSSFADE_PG_BIN";

/// Folders whose every child (a major version) may have a `bin`, or be one.
const VERSIONED: [&str; 4] = [
    "/usr/lib/postgresql",
    "/usr/pgsql",
    "/opt/homebrew/opt",
    "/usr/local/opt",
];

/// The folder of one PostgreSQL installation's programs.
#[derive(Debug, Clone)]
pub struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// Finds the programs: in `CROSSFADE_PG_BIN`, on `PATH`, where `pg_config` says, or where the newest
    /// packaged version is.
    pub fn find() -> Result<Self, ClusterError> {
        let candidates = candidates();
        let found = candidates.iter().find_map(|folder| whole_installation(folder));
        found.map_or_else(
            || {
                Err(ClusterError::ProgramsMissing {
                    looked: name_all(&candidates),
                })
            },
            |folder| Ok(Self { folder }),
        )
    }

    /// The path of a program by its name, such as `pg_dump`.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The major version, such as `15`; empty when `postgres --version` cannot be read.
    pub(super) fn major_version(&self) -> String {
        let output = Command::new(self.path("postgres")).arg("--version").output();
        let text = output
            .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
            .unwrap_or_default();
        text.split_whitespace()
            .find(|word| word.starts_with(|first: char| first.is_ascii_digit()))
            .and_then(|version| version.split('.').next())
            .unwrap_or_default()
            .to_owned()
    }
}

fn candidates() -> Vec<PathBuf> {
    if let Some(folder) = env::var_os(FOLDER_VARIABLE) {
        return vec![PathBuf::from(folder)];
    }
    let mut folders: Vec<PathBuf> = env::var_os("PATH")
        .map(|path| env::split_paths(&path).collect())
        .unwrap_or_default();
    folders.extend(configured());
    folders.extend(packaged());
    folders
}

fn configured() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    let folder = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| PathBuf::from(folder.trim()))
}

/// The packaged installations, newest major version first.
fn packaged() -> Vec<PathBuf> {
    let mut folders: Vec<(u32, PathBuf)> = VERSIONED
        .iter()
        .filter_map(|parent| std::fs::read_dir(parent).ok())
        .flatten()
        .flatten()
        .filter_map(|entry| {
            Some((
                version_in(&entry.file_name().to_string_lossy())?,
                entry.path().join("bin"),
            ))
        })
        .collect();
    folders.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    folders.into_iter().map(|(_, folder)| folder).collect()
}

/// `15` from `15` and from `postgresql@15`.
fn version_in(name: &str) -> Option<u32> {
    name.strip_prefix("postgresql@").unwrap_or(name).parse().ok()
}

/// The folder with all programs, if the server's are here, or links to them.
fn whole_installation(folder: &Path) -> Option<PathBuf> {
    let server = folder.join("postgres").canonicalize().ok()?;
    let folder = server.parent()?;
    folder.join("initdb").is_file().then(|| folder.to_path_buf())
}

fn name_all(folders: &[PathBuf]) -> String {
    let names: Vec<String> = folders
        .iter()
        .map(|folder| folder.display().to_string())
        .collect();
    if names.is_empty() {
        "PATH, which is empty".to_owned()
    } else {
        names.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_versioned_folder_is_recognised_by_its_number() {
        assert_eq!(version_in("15"), Some(15));
        assert_eq!(version_in("postgresql@17"), Some(17));
        assert_eq!(version_in("openssl@3"), None);
    }

    #[test]
    fn the_programs_of_this_machine_are_complete_and_have_a_version() {
        let programs = Programs::find().expect("PostgreSQL's server programs are installed");
        assert!(programs.path("initdb").is_file());
        assert!(
            programs.path("pg_dump").is_file(),
            "links to the server programs alone must be followed"
        );
        assert!(programs.major_version().parse::<u32>().expect("a number") >= 13);
    }
}
