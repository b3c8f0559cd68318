//! Where PostgreSQL's server programs are.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::ClusterError;
use crate::config::program_folders;

/// The folder of one PostgreSQL installation's programs.
#[derive(Debug, Clone)]
pub struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// Finds the programs: in `CROSSFADE_PG_BIN`, on `PATH`, where `pg_config` says, or where the newest
    /// packaged version is.
    pub fn find() -> Result<Self, ClusterError> {
        let candidates = program_folders();
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

    /// The programs of this folder and no other.
    pub(super) fn in_folder(folder: &Path) -> Result<Self, ClusterError> {
        let found = whole_installation(folder);
        found
            .map(|folder| Self { folder })
            .ok_or_else(|| ClusterError::ProgramsMissing {
                looked: folder.display().to_string(),
            })
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
