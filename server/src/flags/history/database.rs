//! Revisions in the old database: how several servers run the same rules.
//!
//! Each server asks a few times a second whether there is a newer revision, by one look at an index. Nothing is missed
//! while the database or the network is away, and no connection has to be kept for being told.

use std::time::Duration;

use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use tokio::task::JoinHandle;

use super::{Audited, Current, Files, HistoryError, NewRevision, Recorded, sources_of};
use crate::databases::{Connection, DatabaseError, Databases, Side, Statement, with_causes};
use crate::flags::Flags;

/// How late a server may learn of a revision.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The history in the old database.
#[derive(Clone)]
pub struct DatabaseHistory {
    databases: Databases,
}

/// Follows the revisions until it is dropped.
#[derive(Debug)]
pub struct Following(JoinHandle<()>);

impl Drop for Following {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Flags {
    /// Follows the revisions in a database from `running` on; the rules run already. Needs a Tokio runtime.
    pub fn follow(&self, history: &DatabaseHistory, running: i64) -> Following {
        Following(tokio::spawn(history.clone().follow(self.clone(), running)))
    }
}

type Row = (i64, String, String, String, String);
type Columns = (BigInt, Text, Text, Text, Text);

impl DatabaseHistory {
    /// Over these databases.
    pub fn new(databases: Databases) -> Self {
        Self { databases }
    }

    pub(super) async fn current(&self) -> Result<Current, HistoryError> {
        match self.latest().await? {
            Some((recorded, files)) => Ok(Current {
                revision: Some(recorded.id),
                files,
            }),
            None => Ok(Current {
                revision: None,
                files: Files::new(),
            }),
        }
    }

    /// The latest revision, if any was made.
    pub async fn latest(&self) -> Result<Option<(Recorded, Files)>, HistoryError> {
        match self.list(1).await?.pop() {
            Some(recorded) => self.get(recorded.id).await.map(Some),
            None => Ok(None),
        }
    }

    /// Makes a revision directly after `after`, or refuses if there is a later one.
    pub async fn commit(&self, after: Option<i64>, revision: &NewRevision) -> Result<Recorded, HistoryError> {
        let mut connection = self.session().await?;
        set_up(&mut connection).await?;
        let sql = include_str!("commit.sql");
        let rows = Statement::new(sql)
            .integer(after.unwrap_or(0))
            .text(Some(revision.author.clone()))
            .text(Some(revision.reason.clone()))
            .text(Some(revision.version.clone()))
            .text(Some(serde_json::to_string(&revision.files)?))
            .rows::<Columns, Row>(&mut connection)
            .await
            .map_err(DatabaseError::statement(Side::Old))?;
        rows.into_iter()
            .next()
            .map(recorded)
            .ok_or(HistoryError::Conflict)
    }

    /// The latest revisions, newest first.
    pub async fn list(&self, most: usize) -> Result<Vec<Recorded>, HistoryError> {
        let mut connection = self.session().await?;
        if !exists(&mut connection).await? {
            return Ok(Vec::new());
        }
        let sql = format!("select {COLUMNS} from crossfade.rules_revisions order by id desc limit $1");
        let rows = Statement::new(sql)
            .integer(i64::try_from(most).unwrap_or(i64::MAX))
            .rows::<Columns, Row>(&mut connection)
            .await
            .map_err(DatabaseError::statement(Side::Old))?;
        Ok(rows.into_iter().map(recorded).collect())
    }

    pub(super) async fn get(&self, id: i64) -> Result<(Recorded, Files), HistoryError> {
        let mut connection = self.session().await?;
        if !exists(&mut connection).await? {
            return Err(HistoryError::Unknown(id));
        }
        let failed = || DatabaseError::statement(Side::Old);
        let rows = Statement::new(format!(
            "select {COLUMNS} from crossfade.rules_revisions where id = $1"
        ))
        .integer(id)
        .rows::<Columns, Row>(&mut connection)
        .await
        .map_err(failed())?;
        let recorded = rows
            .into_iter()
            .next()
            .map(recorded)
            .ok_or(HistoryError::Unknown(id))?;
        let files = Statement::new("select files from crossfade.rules_revisions where id = $1")
            .integer(id)
            .one_text(&mut connection)
            .await
            .map_err(failed())?;
        Ok((recorded, serde_json::from_str(&files.unwrap_or_default())?))
    }

    pub(super) async fn audit(&self, entry: &Audited) -> Result<(), HistoryError> {
        let mut connection = self.session().await?;
        set_up(&mut connection).await?;
        Statement::new("insert into crossfade.audit (entry) values ($1)")
            .text(Some(serde_json::to_string(entry)?))
            .execute(&mut connection)
            .await
            .map_err(DatabaseError::statement(Side::Old))?;
        Ok(())
    }

    pub(super) async fn audited(&self, most: usize) -> Result<Vec<Audited>, HistoryError> {
        let mut connection = self.session().await?;
        if !exists(&mut connection).await? {
            return Ok(Vec::new());
        }
        let rows = Statement::new("select entry from crossfade.audit order by id desc limit $1")
            .integer(i64::try_from(most).unwrap_or(i64::MAX))
            .texts_of_rows(&mut connection)
            .await
            .map_err(DatabaseError::statement(Side::Old))?;
        let entries = rows.into_iter().flatten();
        entries.map(|entry| Ok(serde_json::from_str(&entry)?)).collect()
    }

    /// Puts each revision after `running` in the running rules' place, for as long as it is polled.
    async fn follow(self, flags: Flags, mut running: i64) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            match self.newer_than(running).await {
                Ok(None) => {}
                Ok(Some((recorded, files))) => {
                    running = recorded.id;
                    let flags = flags.clone();
                    let compiling = tokio::task::spawn_blocking(move || flags.replace(&sources_of(&files)));
                    if compiling.await.is_err() {
                        log::error!(
                            "revision {running} of the rules broke the compiler; the running ones go on"
                        );
                    }
                }
                Err(error) => log::debug!("no news of the rules: {}", with_causes(&error)),
            }
        }
    }

    async fn newer_than(&self, id: i64) -> Result<Option<(Recorded, Files)>, HistoryError> {
        match self.list(1).await?.pop() {
            Some(latest) if latest.id > id => self.get(latest.id).await.map(Some),
            _ => Ok(None),
        }
    }

    async fn session(&self) -> Result<Connection, DatabaseError> {
        self.databases.mirror_session(Side::Old).await
    }
}

const COLUMNS: &str =
    "id, to_char(at at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), author, reason, version";

fn recorded((id, at, author, reason, version): Row) -> Recorded {
    Recorded {
        id,
        at,
        author,
        reason,
        version,
    }
}

async fn exists(connection: &mut AsyncPgConnection) -> Result<bool, DatabaseError> {
    Statement::new("select to_regclass('crossfade.rules_revisions') is not null")
        .one_bool(connection)
        .await
        .map_err(DatabaseError::statement(Side::Old))
}

async fn set_up(connection: &mut AsyncPgConnection) -> Result<(), DatabaseError> {
    if exists(connection).await? {
        return Ok(());
    }
    connection
        .batch_execute(include_str!("set_up.sql"))
        .await
        .map_err(DatabaseError::statement(Side::Old))
}
