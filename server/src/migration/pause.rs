//! Holds the mirrors that nobody waits for, and lets them go on.

use serde_json::json;

use crate::sync::Transport;
use crate::sync::journal::set_paused;
use crate::sync::publish_subscribe::{self, Direction};

use super::{MigrationError, Operator};

/// Holds the workers back: changes wait in the journal, and writes that ask for it are still mirrored. A stream is held as a
/// whole: changes wait in the primary's log.
pub async fn pause(operator: &Operator) -> Result<(), MigrationError> {
    set(operator, true).await
}

/// Lets the workers go on.
pub async fn resume(operator: &Operator) -> Result<(), MigrationError> {
    set(operator, false).await
}

async fn set(operator: &Operator, paused: bool) -> Result<(), MigrationError> {
    let state = operator.standing().await?;
    if !state.is_captured() {
        return Err(MigrationError::WrongStage {
            stage: state.stage,
            wanted: "syncing or switched",
        });
    }
    let primary = state.primary();
    let direction = Direction::from_primary(primary);
    if state.transport == Transport::PublishSubscribe {
        // Also where the record says so already: a subscription may have been disabled by hand.
        if paused {
            publish_subscribe::pause(&operator.databases, direction).await?;
        } else {
            publish_subscribe::resume(&operator.databases, direction).await?;
        }
    }
    if state.paused == paused {
        return Ok(());
    }
    set_paused(&operator.databases, primary, paused).await?;
    let mut connection = operator.databases.mirror_session(primary).await?;
    let what = if paused { "pause" } else { "resume" };
    operator.note(&mut connection, primary, what, &json!({})).await?;
    Ok(())
}
