//! Both databases while they are looked at: who we are there, and how a check asks.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{PreflightError, PreflightOptions};
use crate::databases::{Connection, DatabaseError, Databases, Side, Statement};
use crate::sync::{Stage, Transport, read_state};

/// Both databases while they are looked at.
pub(super) struct Examination {
    pub(super) options: PreflightOptions,
    /// Where the migration stands.
    pub(super) stage: Stage,
    old: Examined,
    new: Examined,
}

struct Examined {
    connection: Connection,
    facts: Facts,
}

/// Who we are on one side.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Facts {
    /// Quoted where SQL needs it.
    pub(super) database: String,
    /// Quoted where SQL needs it.
    pub(super) role: String,
    pub(super) is_superuser: bool,
    /// Such as `150018`.
    pub(super) version_number: u32,
    /// Such as `15.18`.
    pub(super) version: String,
}

impl Facts {
    /// Such as `15`.
    pub(super) fn major_version(&self) -> u32 {
        self.version_number / 10_000
    }
}

/// What every question may refer to.
const OURS: &str = include_str!("ours.sql");

impl Examination {
    /// Connects to both.
    pub(super) async fn begin(
        databases: &Databases,
        options: PreflightOptions,
    ) -> Result<Self, PreflightError> {
        let mut old = Examined::begin(databases, Side::Old).await?;
        let new = Examined::begin(databases, Side::New).await?;
        let stage = read_state(&mut old.connection, Side::Old).await?.stage;
        Ok(Self {
            options,
            stage,
            old,
            new,
        })
    }

    pub(super) fn transport(&self) -> Transport {
        self.options.transport
    }

    pub(super) fn facts(&self, side: Side) -> &Facts {
        match side {
            Side::Old => &self.old.facts,
            Side::New => &self.new.facts,
        }
    }

    /// The rows of a question, which is a `select` that may refer to `ours`.
    pub(super) async fn ask<Row: DeserializeOwned>(
        &mut self,
        check: &'static str,
        side: Side,
        question: &str,
    ) -> Result<Vec<Row>, PreflightError> {
        let examined = match side {
            Side::Old => &mut self.old,
            Side::New => &mut self.new,
        };
        ask(&mut examined.connection, check, side, question).await
    }

    /// The row of a question that has exactly one.
    pub(super) async fn ask_one<Row: DeserializeOwned>(
        &mut self,
        check: &'static str,
        side: Side,
        question: &str,
    ) -> Result<Row, PreflightError> {
        only(self.ask(check, side, question).await?, side)
    }
}

impl Examined {
    async fn begin(databases: &Databases, side: Side) -> Result<Self, PreflightError> {
        let mut connection = databases.mirror_session(side).await?;
        let facts = ask(&mut connection, "roles", side, include_str!("facts.sql")).await?;
        Ok(Self {
            facts: only(facts, side)?,
            connection,
        })
    }
}

async fn ask<Row: DeserializeOwned>(
    connection: &mut Connection,
    check: &'static str,
    side: Side,
    question: &str,
) -> Result<Vec<Row>, PreflightError> {
    let rows = Statement::new(format!(
        "{OURS}\nselect row_to_json(answer)::text from (\n{question}\n) answer"
    ))
    .texts_of_rows(connection)
    .await
    .map_err(DatabaseError::statement(side))?;
    let unreadable = |source| PreflightError::Unreadable { check, side, source };
    rows.iter()
        .flatten()
        .map(|row| serde_json::from_str(row).map_err(unreadable))
        .collect()
}

fn only<Row>(rows: Vec<Row>, side: Side) -> Result<Row, PreflightError> {
    let none = DatabaseError::statement(side)(diesel::result::Error::NotFound);
    rows.into_iter().next().ok_or_else(|| none.into())
}

/// `a, b and 3 more`: what a person reads of many names.
pub(super) fn listed<S: AsRef<str>>(names: &[S]) -> String {
    /// The rest is counted.
    const SHOWN: usize = 10;
    let shown: Vec<&str> = names.iter().take(SHOWN).map(AsRef::as_ref).collect();
    let shown = shown.join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// `1 table`, `2 tables`.
pub(super) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// A size for people: `12 MB`.
pub(super) fn sized(bytes: i64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    let mut size = bytes.max(0) as f64 / 1024.0;
    let mut unit = 0;
    while size >= 1024.0 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    format!("{size:.0} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_names_are_counted_and_sizes_have_a_unit() {
        let names: Vec<String> = (1..=12).map(|n| format!("t{n}")).collect();
        assert_eq!(
            listed(&names),
            "t1, t2, t3, t4, t5, t6, t7, t8, t9, t10 and 2 more"
        );
        assert_eq!(counted(1, "table"), "1 table");
        assert_eq!(sized(16 << 20), "16 MB");
        assert_eq!(sized(-1), "0 kB");
    }
}
