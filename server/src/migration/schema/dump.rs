//! Has `pg_dump` write the structure of one side as SQL.

use std::process::Stdio;

use tokio::process::Command;

use super::SchemaError;
use super::entries::{Entry, entries, keys_apart};
use super::programs::find_pg_dump;
use crate::databases::{DatabaseError, Databases, Side, Statement};

/// When a part of the structure is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Section {
    /// What rows are copied into: types, tables, functions, views, and primary keys, by which changes are applied.
    BeforeCopy,
    /// What is made faster of rows that are there, or must not meddle with the copy: indexes, other constraints,
    /// triggers, rules and policies.
    AfterCopy,
}

/// A table that somebody else has locked is waited for so long.
const LOCK_WAIT_MS: &str = "10000";

/// The objects of a section, in an order in which they can be made. Nothing of Crossfade's own is among them.
pub async fn dump(databases: &Databases, side: Side, section: Section) -> Result<Vec<Entry>, SchemaError> {
    let version = major_version(databases, side).await?;
    let program = find_pg_dump(side, version).await?;
    let address = databases.url(side).program_environment();
    let address = address.map_err(|source| SchemaError::Address { side, source })?;
    let run = |pg_section: &'static str| {
        let mut command = Command::new(&program);
        command
            .args(["--schema-only", "--no-password", "--no-tablespaces"])
            .args([
                "--no-publications",
                "--no-subscriptions",
                "--exclude-schema=crossfade",
            ])
            .args(["--lock-wait-timeout", LOCK_WAIT_MS, "--section", pg_section])
            .envs(address.iter().map(|(name, value)| (name, value)))
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let program = program.clone();
        async move {
            let output = command.output().await;
            let output = output.map_err(|source| SchemaError::Run { program, source })?;
            if !output.status.success() {
                let output = String::from_utf8_lossy(&output.stderr).trim().to_owned();
                return Err(SchemaError::Dump { side, output });
            }
            Ok(entries(&String::from_utf8_lossy(&output.stdout)))
        }
    };
    let (keys, rest) = keys_apart(run("post-data").await?);
    match section {
        Section::BeforeCopy => {
            let mut before = run("pre-data").await?;
            before.extend(keys);
            Ok(before)
        }
        Section::AfterCopy => Ok(rest),
    }
}

async fn major_version(databases: &Databases, side: Side) -> Result<u32, SchemaError> {
    let mut connection = databases.mirror_session(side).await?;
    let version = Statement::new("select current_setting('server_version_num')")
        .one_text(&mut connection)
        .await
        .map_err(DatabaseError::statement(side))?;
    let number: u32 = version
        .and_then(|version| version.parse().ok())
        .unwrap_or_default();
    Ok(number / 10_000)
}
