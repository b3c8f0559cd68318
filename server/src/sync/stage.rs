//! Where the migration as a whole stands, as written in the primary's `crossfade` schema.

use diesel_async::AsyncPgConnection;
use serde::{Deserialize, Serialize};

use crate::databases::{DatabaseError, Side, Statement};

use super::Transport;

/// The migration's stages, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Nothing is captured; old alone is used.
    Idle,
    /// Changes of old are captured and mirrored to new.
    Syncing,
    /// New is the primary; old follows.
    Switched,
    /// Old is retired.
    Completed,
}

/// The migration's record in the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Where it stands.
    pub stage: Stage,
    /// Counts the changes of primary.
    pub epoch: i64,
    /// True where this is the record of the primary. Only the primary itself can say that it is none any more: so a
    /// record that says it is decides.
    pub is_primary: bool,
    /// The epoch that is about to begin, while a switch or a rollback is being prepared.
    pub announced: Option<i64>,
    /// True while the operator holds the workers back; writes that ask for it are still mirrored.
    pub paused: bool,
    /// True once every existing row of every table has been copied: before that, new cannot be read.
    pub copied: bool,
    /// How changes reach the secondary.
    #[serde(default)]
    pub transport: Transport,
}

impl State {
    /// Before anything was started.
    #[must_use]
    pub fn idle() -> Self {
        Self {
            stage: Stage::Idle,
            epoch: 0,
            is_primary: true,
            announced: None,
            paused: false,
            copied: false,
            transport: Transport::default(),
        }
    }

    /// After everything of Crossfade was removed.
    #[must_use]
    pub fn completed(epoch: i64) -> Self {
        Self {
            stage: Stage::Completed,
            epoch,
            ..Self::idle()
        }
    }

    /// The side that takes every write first.
    #[must_use]
    pub fn primary(&self) -> Side {
        primary_of(self.epoch)
    }

    /// True while changes are captured and mirrored.
    #[must_use]
    pub fn is_captured(&self) -> bool {
        matches!(self.stage, Stage::Syncing | Stage::Switched)
    }
}

/// The side that takes every write first in this epoch: each changes it.
#[must_use]
pub fn primary_of(epoch: i64) -> Side {
    if epoch % 2 == 0 { Side::Old } else { Side::New }
}

impl Stage {
    /// `idle`, `syncing`, `switched` or `completed`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Syncing => "syncing",
            Self::Switched => "switched",
            Self::Completed => "completed",
        }
    }

    /// The stage in which this side is the primary and the other follows.
    #[must_use]
    pub fn with_primary(side: Side) -> Self {
        match side {
            Side::Old => Self::Syncing,
            Side::New => Self::Switched,
        }
    }
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Why the record could not be understood.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableState {
    /// The database could not be asked.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The record is not of this version's form.
    #[error("the record in crossfade.migration is not one that this version wrote")]
    Form(#[source] serde_json::Error),
}

impl UnreadableState {
    /// The same, as an error of the database that holds it.
    pub(crate) fn into_database(self, side: Side) -> DatabaseError {
        match self {
            Self::Database(error) => error,
            Self::Form(error) => DatabaseError::Statement {
                side,
                source: diesel::result::Error::DeserializationError(error.into()),
            },
        }
    }
}

/// The record on the connection's side; [`State::idle`] where none was ever made.
pub async fn read_state(connection: &mut AsyncPgConnection, side: Side) -> Result<State, UnreadableState> {
    Ok(find_state(connection, side).await?.unwrap_or_else(State::idle))
}

/// The record on the connection's side, if there is one.
pub async fn find_state(
    connection: &mut AsyncPgConnection,
    side: Side,
) -> Result<Option<State>, UnreadableState> {
    let exists = Statement::new("select to_regclass('crossfade.migration') is not null")
        .one_bool(connection)
        .await
        .map_err(DatabaseError::statement(side))?;
    if !exists {
        return Ok(None);
    }
    let record = Statement::new(include_str!("state.sql"))
        .one_text(connection)
        .await
        .map_err(DatabaseError::statement(side))?;
    serde_json::from_str(record.as_deref().unwrap_or("null"))
        .map(Some)
        .map_err(UnreadableState::Form)
}
