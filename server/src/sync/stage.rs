//! Where the migration as a whole stands, as written in the primary's `crossfade` schema.

use diesel_async::AsyncPgConnection;
use serde::{Deserialize, Serialize};

use crate::databases::{DatabaseError, Side, Statement};

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
    /// True while the operator holds the workers back; writes that ask for it are still mirrored.
    pub paused: bool,
    /// True once every existing row of every table has been copied: before that, new cannot be read.
    pub copied: bool,
}

impl State {
    /// Before anything was started.
    #[must_use]
    pub fn idle() -> Self {
        Self {
            stage: Stage::Idle,
            epoch: 0,
            paused: false,
            copied: false,
        }
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

/// The record on the connection's side; [`State::idle`] where none was ever made.
pub async fn read_state(connection: &mut AsyncPgConnection, side: Side) -> Result<State, UnreadableState> {
    let exists = Statement::new("select to_regclass('crossfade.migration') is not null")
        .one_bool(connection)
        .await
        .map_err(DatabaseError::statement(side))?;
    if !exists {
        return Ok(State::idle());
    }
    let record = Statement::new(include_str!("state.sql"))
        .one_text(connection)
        .await
        .map_err(DatabaseError::statement(side))?;
    serde_json::from_str(record.as_deref().unwrap_or("null")).map_err(UnreadableState::Form)
}
