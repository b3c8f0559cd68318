//! What is kept in `crossfade.verification` on the primary: how far a verification came, so that another can go on,
//! and how the last ones ended, for the gates.

use diesel::sql_types::{BigInt, Bool, Double, Text};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::databases::{DatabaseError, Databases, Side, Statement};

use super::VerifyError;
use super::report::{Report, TableReport};
use super::table::Partial;

/// How the last verification of all tables ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verified {
    /// When, by the primary's clock.
    pub finished_at: Timestamp,
    /// How long ago that was, in seconds.
    pub age_seconds: f64,
    /// True when every table was compared to its end and found equal.
    pub clean: bool,
    /// Rows that were missing, extra or different.
    pub differences: i64,
}

/// How far a verification has come.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Stored {
    /// The tables that are done.
    pub(super) tables: Vec<TableReport>,
    /// The one under way.
    pub(super) current: Option<Partial>,
}

/// The row of one verification.
pub(super) struct Record {
    databases: Databases,
    primary: Side,
    id: i64,
    started_at: Timestamp,
}

/// A time as `jiff` reads it.
const ISO: &str = r#"'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'"#;
/// How many rows of earlier verifications are kept, for whoever wonders when something began to differ.
const KEPT: i64 = 20;

/// The last verification of all tables on this primary, if there was one.
pub async fn last_verification(
    connection: &mut AsyncPgConnection,
    primary: Side,
) -> Result<Option<Verified>, VerifyError> {
    if !exists(connection, primary).await? {
        return Ok(None);
    }
    let sql = format!(
        "select to_char(finished_at at time zone 'UTC', {ISO}), \
         extract(epoch from clock_timestamp() - finished_at)::float8, clean, differences \
         from crossfade.verification where whole and finished_at is not null order by id desc limit 1"
    );
    let rows = Statement::new(sql)
        .rows::<(Text, Double, Bool, BigInt), (String, f64, bool, i64)>(connection)
        .await
        .map_err(DatabaseError::statement(primary))?;
    let Some((finished_at, age_seconds, clean, differences)) = rows.into_iter().next() else {
        return Ok(None);
    };
    Ok(Some(Verified {
        finished_at: timestamp(&finished_at),
        age_seconds,
        clean,
        differences,
    }))
}

/// The whole report of the last verification, of all tables or of some, that came to its end.
pub async fn last_report(databases: &Databases, primary: Side) -> Result<Option<Report>, VerifyError> {
    let mut connection = databases.mirror_session(primary).await?;
    if !exists(&mut connection, primary).await? {
        return Ok(None);
    }
    let sql = format!(
        "select to_char(started_at at time zone 'UTC', {ISO}), to_char(finished_at at time zone 'UTC', {ISO}), \
         clean, progress::text \
         from crossfade.verification where finished_at is not null order by id desc limit 1"
    );
    let rows = Statement::new(sql)
        .rows::<(Text, Text, Bool, Text), (String, String, bool, String)>(&mut connection)
        .await
        .map_err(DatabaseError::statement(primary))?;
    let Some((started_at, finished_at, clean, progress)) = rows.into_iter().next() else {
        return Ok(None);
    };
    let stored: Stored = serde_json::from_str(&progress).map_err(VerifyError::Record)?;
    Ok(Some(Report {
        primary,
        started_at: timestamp(&started_at),
        finished_at: timestamp(&finished_at),
        clean,
        tables: stored.tables,
    }))
}

impl Record {
    /// A new row, in place of any that did not come to an end.
    pub(super) async fn begin(
        databases: &Databases,
        primary: Side,
        whole: bool,
    ) -> Result<Self, VerifyError> {
        let mut connection = databases.mirror_session(primary).await?;
        let failed = || DatabaseError::statement(primary);
        // Asked first, since `create schema if not exists` wants a right that its owner need not have.
        if !exists(&mut connection, primary).await? {
            connection
                .batch_execute(include_str!("setup.sql"))
                .await
                .map_err(failed())?;
        }
        Statement::new(
            "delete from crossfade.verification where finished_at is null \
             or id <= (select max(id) from crossfade.verification) - $1",
        )
        .integer(KEPT)
        .execute(&mut connection)
        .await
        .map_err(failed())?;
        let sql = format!(
            "insert into crossfade.verification (whole) values ($1 = 1) \
             returning id, to_char(started_at at time zone 'UTC', {ISO})"
        );
        let rows = Statement::new(sql)
            .integer(i64::from(whole))
            .rows::<(BigInt, Text), (i64, String)>(&mut connection)
            .await
            .map_err(failed())?;
        let (id, started_at) = rows.into_iter().next().ok_or(VerifyError::Superseded)?;
        Ok(Self {
            databases: databases.clone(),
            primary,
            id,
            started_at: timestamp(&started_at),
        })
    }

    /// The row of the verification that broke off last, and how far it had come.
    pub(super) async fn resume(
        databases: &Databases,
        primary: Side,
        whole: bool,
    ) -> Result<Option<(Self, Stored)>, VerifyError> {
        let mut connection = databases.mirror_session(primary).await?;
        if !exists(&mut connection, primary).await? {
            return Ok(None);
        }
        let sql = format!(
            "select id, to_char(started_at at time zone 'UTC', {ISO}), progress::text \
             from crossfade.verification where finished_at is null and whole = ($1 = 1) order by id desc limit 1"
        );
        let rows = Statement::new(sql)
            .integer(i64::from(whole))
            .rows::<(BigInt, Text, Text), (i64, String, String)>(&mut connection)
            .await
            .map_err(DatabaseError::statement(primary))?;
        let Some((id, started_at, progress)) = rows.into_iter().next() else {
            return Ok(None);
        };
        let stored = serde_json::from_str(&progress).map_err(VerifyError::Record)?;
        let record = Self {
            databases: databases.clone(),
            primary,
            id,
            started_at: timestamp(&started_at),
        };
        Ok(Some((record, stored)))
    }

    /// Keeps how far it has come.
    pub(super) async fn save(&self, stored: &Stored) -> Result<(), VerifyError> {
        let mut connection = self.databases.mirror_session(self.primary).await?;
        let updated = Statement::new(
            "update crossfade.verification set progress = $1::text::json where id = $2 and finished_at is null",
        )
        .text(Some(json(stored)?))
        .integer(self.id)
        .execute(&mut connection)
        .await
        .map_err(DatabaseError::statement(self.primary))?;
        if updated == 0 {
            Err(VerifyError::Superseded)
        } else {
            Ok(())
        }
    }

    /// Keeps how it ended.
    pub(super) async fn finish(self, tables: Vec<TableReport>) -> Result<Report, VerifyError> {
        let clean = tables.iter().all(TableReport::is_clean);
        let differences: usize = tables.iter().map(|table| table.differences.len()).sum();
        let stored = Stored {
            tables,
            current: None,
        };
        let mut connection = self.databases.mirror_session(self.primary).await?;
        let sql = format!(
            "update crossfade.verification set progress = $1::text::json, finished_at = clock_timestamp(), \
             clean = ($2 = 1), differences = $3 where id = $4 and finished_at is null \
             returning to_char(finished_at at time zone 'UTC', {ISO})"
        );
        let finished_at = Statement::new(sql)
            .text(Some(json(&stored)?))
            .integer(i64::from(clean))
            .integer(i64::try_from(differences).unwrap_or(i64::MAX))
            .integer(self.id)
            .rows::<Text, String>(&mut connection)
            .await
            .map_err(DatabaseError::statement(self.primary))?;
        let finished_at = finished_at.into_iter().next().ok_or(VerifyError::Superseded)?;
        Ok(Report {
            primary: self.primary,
            started_at: self.started_at,
            finished_at: timestamp(&finished_at),
            clean,
            tables: stored.tables,
        })
    }
}

async fn exists(connection: &mut AsyncPgConnection, primary: Side) -> Result<bool, DatabaseError> {
    Statement::new("select to_regclass('crossfade.verification') is not null")
        .one_bool(connection)
        .await
        .map_err(DatabaseError::statement(primary))
}

fn json(stored: &Stored) -> Result<String, VerifyError> {
    serde_json::to_string(stored).map_err(VerifyError::Record)
}

/// A time that PostgreSQL wrote in the form we asked for.
fn timestamp(text: &str) -> Timestamp {
    text.parse().unwrap_or(Timestamp::UNIX_EPOCH)
}
