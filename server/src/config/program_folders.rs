//! The folders that may have PostgreSQL's programs.
//!
//! Debian keeps the server's out of `PATH` (only wrappers of the client programs are there), so a few well-known places
//! are looked into as well.

use std::env;
use std::path::PathBuf;
use std::process::Command;

/// Names the folder with the programs, before anything else is tried.
const FOLDER_VARIABLE: &str = "CROSSFADE_PG_BIN";

/// Folders whose every child (a major version) may have a `bin`, or be one.
const VERSIONED: [&str; 4] = [
    "/usr/lib/postgresql",
    "/usr/pgsql",
    "/opt/homebrew/opt",
    "/usr/local/opt",
];

/// Where to look, first to last: `CROSSFADE_PG_BIN` and nowhere else if it is set; else `PATH`, where `pg_config` says,
/// and packaged installations, newest first.
pub fn program_folders() -> Vec<PathBuf> {
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

#[cfg(test)]
mod tests {
    use super::version_in;

    #[test]
    fn a_versioned_folder_is_recognised_by_its_number() {
        assert_eq!(version_in("15"), Some(15));
        assert_eq!(version_in("postgresql@17"), Some(17));
        assert_eq!(version_in("openssl@3"), None);
    }
}
