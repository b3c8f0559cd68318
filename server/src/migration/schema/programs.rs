//! Finds a `pg_dump` that knows the server's version.

use std::path::PathBuf;

use tokio::process::Command;

use super::SchemaError;
use crate::config::program_folders;
use crate::databases::Side;

/// The oldest `pg_dump` to be found that is not older than the server: a newer one may write what new does not
/// understand, an older one refuses.
pub(super) async fn find_pg_dump(side: Side, major_version: u32) -> Result<PathBuf, SchemaError> {
    let mut found = Vec::new();
    let folders = tokio::task::spawn_blocking(program_folders).await;
    for folder in folders.unwrap_or_default() {
        let program = folder.join("pg_dump");
        let output = Command::new(&program).arg("--version").output().await;
        if let Ok(output) = output
            && let Some(version) = version_in(&String::from_utf8_lossy(&output.stdout))
        {
            found.push((version, program));
        }
    }
    let best = found
        .iter()
        .filter(|(version, _)| *version >= major_version)
        .min_by_key(|(version, _)| *version);
    best.map(|(_, program)| program.clone())
        .ok_or_else(|| SchemaError::NoProgram {
            side,
            wanted: major_version,
            found: match found.iter().max_by_key(|(version, _)| *version) {
                Some((version, program)) => format!("the newest is {version}, {}", program.display()),
                None => "there is none".to_owned(),
            },
        })
}

/// `15` from `pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn version_in(text: &str) -> Option<u32> {
    let number = text
        .split_whitespace()
        .find(|word| word.starts_with(|first: char| first.is_ascii_digit()))?;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_from_what_the_program_says() {
        assert_eq!(
            version_in("pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"),
            Some(15)
        );
        assert_eq!(version_in("pg_dump (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(version_in("bash: pg_dump: not found"), None);
    }

    #[tokio::test]
    async fn a_server_that_is_newer_than_every_pg_dump_is_told_which_to_install() {
        let error = find_pg_dump(Side::Old, 99).await.unwrap_err().to_string();
        assert!(error.starts_with("pg_dump 99 or newer is needed"), "{error}");
        assert!(error.contains("postgresql-client-99"), "{error}");
    }
}
