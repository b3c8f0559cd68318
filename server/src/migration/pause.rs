//! Holds the mirrors that nobody waits for, and lets them go on.

use serde_json::json;

use crate::sync::journal::set_paused;

use super::{MigrationError, Operator};

/// Holds the workers back: changes wait in the journal. Writes that ask for it are still mirrored.
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
    if state.paused == paused {
        return Ok(());
    }
    let primary = state.primary();
    set_paused(&operator.databases, primary, paused).await?;
    let mut connection = operator.databases.mirror_session(primary).await?;
    let what = if paused { "pause" } else { "resume" };
    operator.note(&mut connection, primary, what, &json!({})).await?;
    Ok(())
}
