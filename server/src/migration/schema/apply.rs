//! Runs the entries of a dump on the other side.

use std::time::Duration;

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error};

use super::{Entry, SchemaError, Section};
use crate::databases::{Databases, Side};

/// What became of a section's entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// How many objects were made.
    pub made: usize,
    /// The objects that were there already, and stay as they are: the comparison says whether they are alike.
    pub there: Vec<String>,
}

/// As `pg_dump`'s own scripts begin: names are qualified, and bodies of functions may name what comes later.
const SETTINGS: &str = "set search_path = ''; set check_function_bodies = off; set client_min_messages = warning; \
                        set row_security = off; set standard_conforming_strings = on; set xmloption = content; \
                        set lock_timeout = '10s'";

/// An index or a constraint may meet rows in the middle of their being mirrored: unique values that are about to move,
/// or a row whose parent is about to come.
const ATTEMPTS: u32 = 5;
const BETWEEN_ATTEMPTS: Duration = Duration::from_secs(1);

/// Makes the objects on `side`. It may run again at any time. What comes before the copy is made in one transaction, so
/// that all of it is there or nothing; what comes after it, one by one, since each may take long.
pub async fn apply(
    databases: &Databases,
    side: Side,
    section: Section,
    entries: &[Entry],
) -> Result<Applied, SchemaError> {
    let mut client = databases.raw_mirror_session(side).await?;
    let failed = |entry: &str, source| SchemaError::Apply {
        side,
        entry: entry.to_owned(),
        source,
    };
    let settings = client.batch_execute(SETTINGS).await;
    settings.map_err(|error| failed("the session", error))?;
    let mut applied = Applied::default();
    match section {
        Section::BeforeCopy => {
            let transaction = client.transaction().await;
            let mut transaction = transaction.map_err(|error| failed("the section", error))?;
            for entry in entries {
                let savepoint = transaction.transaction().await;
                let savepoint = savepoint.map_err(|error| failed(&entry.to_string(), error))?;
                let made = savepoint.batch_execute(&entry.sql).await;
                let is_there = applied
                    .note(entry, made)
                    .map_err(|error| failed(&entry.to_string(), error))?;
                let ended = if is_there {
                    savepoint.rollback().await
                } else {
                    savepoint.commit().await
                };
                ended.map_err(|error| failed(&entry.to_string(), error))?;
            }
            let committed = transaction.commit().await;
            committed.map_err(|error| failed("the section", error))?;
        }
        Section::AfterCopy => {
            for entry in entries {
                let made = make(&client, entry).await;
                applied
                    .note(entry, made)
                    .map_err(|error| failed(&entry.to_string(), error))?;
            }
        }
    }
    Ok(applied)
}

/// Makes one object, in a transaction of its own.
async fn make(client: &Client, entry: &Entry) -> Result<(), Error> {
    let mut attempt = 1;
    loop {
        let Err(error) = client.batch_execute(&entry.sql).await else {
            return Ok(());
        };
        if attempt == ATTEMPTS || !is_passing(&error) {
            return Err(error);
        }
        log::info!("{entry} is tried again in a moment: {error}");
        attempt += 1;
        tokio::time::sleep(BETWEEN_ATTEMPTS).await;
    }
}

impl Applied {
    /// Notes what became of an entry; true where its object was there already.
    fn note(&mut self, entry: &Entry, made: Result<(), Error>) -> Result<bool, Error> {
        match made {
            Ok(()) => {
                self.made += 1;
                Ok(false)
            }
            Err(error) if says_it_is_there(&error) => {
                self.there.push(entry.to_string());
                Ok(true)
            }
            Err(error) => Err(error),
        }
    }
}

fn says_it_is_there(error: &Error) -> bool {
    let there = [
        SqlState::DUPLICATE_OBJECT,
        SqlState::DUPLICATE_TABLE,
        SqlState::DUPLICATE_SCHEMA,
        SqlState::DUPLICATE_FUNCTION,
        SqlState::DUPLICATE_COLUMN,
    ];
    if error.code().is_some_and(|code| there.contains(code)) {
        return true;
    }
    // A second primary key, a partition or a default that is attached already have no code of their own.
    let message = error.as_db_error().map(tokio_postgres::error::DbError::message);
    message.is_some_and(|message| {
        message.starts_with("multiple primary keys")
            || message.ends_with("is already a partition")
            || message.ends_with("is already an identity column")
    })
}

fn is_passing(error: &Error) -> bool {
    let passing = [
        SqlState::UNIQUE_VIOLATION,
        SqlState::FOREIGN_KEY_VIOLATION,
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::T_R_DEADLOCK_DETECTED,
    ];
    error.code().is_some_and(|code| passing.contains(code))
}
