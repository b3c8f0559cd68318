//! The end: old is retired, read-only, and nothing of Crossfade is left in either database.

use std::io;
use std::time::{Duration, Instant};

use diesel::sql_types::BigInt;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use serde::Serialize;
use serde_json::json;

use crate::catalog::quote_identifier;
use crate::databases::{DatabaseError, Side, Statement, Step, begin, commit, roll_back};
use crate::sync::handover::is_retired;
use crate::sync::journal::pending;
use crate::sync::publish_subscribe::{Direction, drained, end as end_stream, is_there};
use crate::sync::{Stage, State, Transport};
use crate::verify::last_verification;

use super::progress::Tell;
use super::remove::{SERVERS_NOTICE, remove};
use super::report::{Report, report};
use super::{MigrationError, Operator, Progress};

/// How the end is to be made.
#[derive(Debug, Clone)]
pub struct CompleteOptions {
    /// How old the last verification may be.
    pub verified_within: Duration,
}

impl Default for CompleteOptions {
    fn default() -> Self {
        Self {
            verified_within: Duration::from_hours(1),
        }
    }
}

/// What was done.
#[derive(Debug, Clone, Serialize)]
pub struct Completed {
    /// It had been done before.
    pub before: bool,
    /// The whole story; absent if it had been told before.
    pub report: Option<Report>,
}

/// Why the end is not made yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// New's rows are not known to be old's.
    NotVerified(String),
    /// Changes are on their way to old.
    Pending(i64),
    /// Old does not follow.
    Behind,
    /// Only a database's owner may make it read-only.
    NotOwner,
}

/// Retires old. `keep` is given the report before anything is removed; if it fails, nothing is.
pub async fn complete(
    operator: &Operator,
    options: &CompleteOptions,
    keep: &mut (dyn FnMut(&Report) -> io::Result<()> + Send),
    tell: Tell<'_>,
) -> Result<Completed, MigrationError> {
    Box::pin(end(operator, options, keep, tell)).await
}

async fn end(
    operator: &Operator,
    options: &CompleteOptions,
    keep: &mut (dyn FnMut(&Report) -> io::Result<()> + Send),
    tell: Tell<'_>,
) -> Result<Completed, MigrationError> {
    let alone = operator.alone().await?;
    let state = operator.standing().await?;
    let databases = &operator.databases;
    let has_record = {
        let mut new = databases.mirror_session(Side::New).await?;
        crate::sync::find_state(&mut new, Side::New).await?.is_some()
    };
    let story = match state.stage {
        Stage::Switched => {
            let story = prepare(operator, &state, options).await?;
            keep(&story).map_err(MigrationError::Report)?;
            declare(operator, &state).await?;
            tokio::time::sleep(SERVERS_NOTICE).await;
            Some(story)
        }
        Stage::Completed if has_record => None,
        Stage::Completed => {
            return Ok(Completed {
                before: true,
                report: None,
            });
        }
        stage @ (Stage::Idle | Stage::Syncing) => {
            return Err(MigrationError::WrongStage {
                stage,
                wanted: "switched",
            });
        }
    };
    databases.step(Step::Retiring).await;
    // Before old is read-only, which its subscription would not survive.
    let back = Direction::NewToOld;
    if is_there(databases, back).await? {
        let ended = end_stream(databases, back).await?;
        tell(&Progress::StreamEnded { ended });
    }
    retire(operator, alone.process).await?;
    tell(&Progress::ReadOnly);
    for side in [Side::Old, Side::New] {
        databases.step(Step::Retiring).await;
        remove(databases, side).await?;
        tell(&Progress::Removed { side });
    }
    Ok(Completed {
        before: false,
        report: story,
    })
}

/// Looks at what must be so, and gathers the report.
async fn prepare(
    operator: &Operator,
    state: &State,
    options: &CompleteOptions,
) -> Result<Report, MigrationError> {
    let obstacles = obstacles(operator, options).await?;
    if obstacles.is_empty() {
        report(&operator.databases, state).await
    } else {
        Err(MigrationError::NotReady(obstacles))
    }
}

/// What keeps old from being retired now, after a switch.
pub async fn obstacles(
    operator: &Operator,
    options: &CompleteOptions,
) -> Result<Vec<String>, MigrationError> {
    let (databases, state) = (&operator.databases, operator.standing().await?);
    let mut new = databases.mirror_session(Side::New).await?;
    let mut obstacles = Vec::new();
    match last_verification(&mut new, Side::New).await? {
        Some(last) if last.clean && last.age_seconds <= options.verified_within.as_secs_f64() => {}
        Some(last) if last.clean => obstacles.push(Obstacle::NotVerified(format!(
            "the last verification is {:.0} minutes old",
            last.age_seconds / 60.0
        ))),
        Some(_) => obstacles.push(Obstacle::NotVerified(
            "the last verification found differences".into(),
        )),
        None => obstacles.push(Obstacle::NotVerified(
            "the databases were not compared since the switch".into(),
        )),
    }
    match state.transport {
        Transport::Journal => {
            let entries = pending(databases, Side::New).await?.entries;
            if entries > MOST_PENDING {
                obstacles.push(Obstacle::Pending(entries));
            }
        }
        Transport::PublishSubscribe => {
            if drained(databases, Direction::NewToOld, ARRIVAL).await.is_err() {
                obstacles.push(Obstacle::Behind);
            }
        }
    }
    let mut old = databases.mirror_session(Side::Old).await?;
    if !may_retire(&mut old).await? {
        obstacles.push(Obstacle::NotOwner);
    }
    Ok(obstacles.iter().map(ToString::to_string).collect())
}

/// How long a change may take to reach old.
const ARRIVAL: Duration = Duration::from_secs(10);

/// Traffic leaves some changes under way at any moment; more than that is a backlog.
const MOST_PENDING: i64 = 1_000;

/// Writes down that it is over: from then on servers use new alone.
async fn declare(operator: &Operator, state: &State) -> Result<(), MigrationError> {
    let mut new = operator.databases.mirror_session(Side::New).await?;
    begin(&mut new, Side::New).await?;
    let done = async {
        let changed = Statement::new(
            "update crossfade.migration set stage = 'completed' where is_primary and epoch = $1 and stage = 'switched'",
        )
        .integer(state.epoch)
        .execute(&mut new)
        .await
        .map_err(DatabaseError::statement(Side::New))?;
        if changed != 1 {
            return Err(MigrationError::NotAlone);
        }
        operator
            .note(&mut new, Side::New, "complete", &json!({ "epoch": state.epoch }))
            .await?;
        Ok(())
    };
    match done.await {
        Ok(()) => Ok(commit(&mut new, Side::New).await?),
        Err(error) => {
            roll_back(&mut new, Side::New).await;
            Err(error)
        }
    }
}

async fn may_retire(old: &mut AsyncPgConnection) -> Result<bool, DatabaseError> {
    if is_retired(old, Side::Old).await? {
        return Ok(true);
    }
    Statement::new(
        "select pg_has_role(d.datdba, 'usage') from pg_database d where d.datname = current_database()",
    )
    .one_bool(old)
    .await
    .map_err(DatabaseError::statement(Side::Old))
}

/// Sessions end within moments of being told to.
const SESSIONS_END: Duration = Duration::from_secs(10);
const ASK_EVERY: Duration = Duration::from_millis(20);

/// Makes old read-only for every session to come, and ends those that there are: the fence is about to go, and they could
/// write past it.
async fn retire(operator: &Operator, our_process: i64) -> Result<(), MigrationError> {
    let failed = || DatabaseError::statement(Side::Old);
    let mut old = operator.databases.mirror_session(Side::Old).await?;
    if !is_retired(&mut old, Side::Old).await? {
        let name = Statement::new("select current_database()::text")
            .one_text(&mut old)
            .await
            .map_err(failed())?
            .unwrap_or_default();
        let sql = format!(
            "alter database {} set default_transaction_read_only = on",
            quote_identifier(&name)
        );
        old.batch_execute(&sql).await.map_err(failed())?;
    }
    let made = Statement::new("select clock_timestamp()::text")
        .one_text(&mut old)
        .await
        .map_err(failed())?;
    let began = Instant::now();
    loop {
        let left = Statement::new(include_str!("end_sessions.sql"))
            .integer(our_process)
            .text(made.clone())
            .rows::<BigInt, i64>(&mut old)
            .await
            .map_err(failed())?;
        match left.first() {
            None | Some(0) => return Ok(()),
            Some(sessions) if began.elapsed() > SESSIONS_END => {
                return Err(MigrationError::SessionsLeft { sessions: *sessions });
            }
            Some(_) => tokio::time::sleep(ASK_EVERY).await,
        }
    }
}

impl std::fmt::Display for Obstacle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotVerified(why) => write!(f, "{why}: run crossfade migrate verify"),
            Self::Pending(entries) => write!(
                f,
                "{entries} changes are still to be mirrored to old: wait for them"
            ),
            Self::Behind => write!(
                f,
                "a change did not reach old within {} s: crossfade migrate status says why",
                ARRIVAL.as_secs()
            ),
            Self::NotOwner => write!(
                f,
                "this role does not own old's database and so cannot make it read-only: let its owner run \
                 alter database … set default_transaction_read_only = on"
            ),
        }
    }
}
