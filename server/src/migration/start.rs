//! From idle to syncing: changes are captured, existing rows copied, and the mirrors run.

use serde::Serialize;
use serde_json::json;

use crate::databases::Side;
use crate::sync::Stage;
use crate::sync::journal::{CopiedTable, backfill, install};

use super::progress::Tell;
use super::{MigrationError, Operator, Progress};

/// What was done.
#[derive(Debug, Clone, Serialize)]
pub struct Started {
    /// Tables whose changes are captured.
    pub tables: usize,
    /// Tables that were copied now.
    pub copied: Vec<CopiedTable>,
}

/// Begins the migration, or goes on where a beginning was interrupted.
pub async fn start(operator: &Operator, tell: Tell<'_>) -> Result<Started, MigrationError> {
    let _alone = operator.alone().await?;
    let state = operator.standing().await?;
    if !matches!(state.stage, Stage::Idle | Stage::Syncing) {
        return Err(MigrationError::WrongStage {
            stage: state.stage,
            wanted: "idle or syncing",
        });
    }
    let databases = &operator.databases;
    let captured = install(databases, Side::Old).await?;
    let tables = captured.len();
    if state.stage == Stage::Idle {
        let mut connection = databases.mirror_session(Side::Old).await?;
        operator
            .note(&mut connection, Side::Old, "start", &json!({ "tables": tables }))
            .await?;
    }
    tell(&Progress::Captured {
        side: Side::Old,
        tables,
    });
    let copied = backfill(databases, Side::Old, |table: &CopiedTable| {
        tell(&Progress::Copying {
            how_far: format!("{}: {} rows copied", table.table, table.rows),
        });
    })
    .await?;
    if !copied.is_empty() {
        let mut connection = databases.mirror_session(Side::Old).await?;
        operator
            .note(&mut connection, Side::Old, "copied", &json!({ "tables": copied }))
            .await?;
    }
    Ok(Started { tables, copied })
}
