//! From syncing back to idle: Crossfade goes, and old is as it was.

use crate::databases::{DatabaseError, Side, Statement};
use crate::sync::Stage;
use crate::sync::publish_subscribe::{Direction, end, is_there};

use super::progress::Tell;
use super::remove::{SERVERS_NOTICE, remove};
use super::{MigrationError, Operator, Progress};

/// Ends the migration and removes everything of Crossfade from both databases. What was copied to new stays there.
pub async fn abort(operator: &Operator, tell: Tell<'_>) -> Result<(), MigrationError> {
    let _alone = operator.alone().await?;
    let state = operator.standing().await?;
    match state.stage {
        Stage::Idle | Stage::Syncing => {}
        stage @ (Stage::Switched | Stage::Completed) => {
            return Err(MigrationError::WrongStage {
                stage,
                wanted: "syncing; roll back first",
            });
        }
    }
    let databases = &operator.databases;
    if state.stage == Stage::Syncing {
        // Servers are told before it goes.
        let mut connection = databases.mirror_session(Side::Old).await?;
        Statement::new("update crossfade.migration set stage = 'idle', announced = null")
            .execute(&mut connection)
            .await
            .map_err(DatabaseError::statement(Side::Old))?;
        tokio::time::sleep(SERVERS_NOTICE).await;
    }
    // Slots above all: left behind, they fill a disk.
    for direction in [Direction::OldToNew, Direction::NewToOld] {
        if is_there(databases, direction).await? {
            let ended = end(databases, direction).await?;
            tell(&Progress::StreamEnded { ended });
        }
    }
    // New first: while old has its record, the command can be given again.
    for side in [Side::New, Side::Old] {
        Box::pin(remove(databases, side)).await?;
        tell(&Progress::Removed { side });
    }
    Ok(())
}
