//! From idle to syncing: changes are captured, existing rows copied, and the mirrors run.

use serde::Serialize;
use serde_json::json;

use crate::databases::Side;
use crate::sync::Stage;
use crate::sync::journal::{CopiedTable, CopyProgress, backfill, install};

use super::preflight::{self, PreflightOptions, preflight};
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
    Box::pin(begin(operator, tell)).await
}

async fn begin(operator: &Operator, tell: Tell<'_>) -> Result<Started, MigrationError> {
    let _alone = operator.alone().await?;
    let state = operator.standing().await?;
    if !matches!(state.stage, Stage::Idle | Stage::Syncing) {
        return Err(MigrationError::WrongStage {
            stage: state.stage,
            wanted: "idle or syncing",
        });
    }
    let databases = &operator.databases;
    if state.stage == Stage::Idle {
        let found = preflight(databases, PreflightOptions::default()).await?;
        if found.verdict == preflight::Verdict::Block {
            return Err(MigrationError::Preflight(found));
        }
    }
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
    let copied = backfill(databases, Side::Old, |progress| {
        tell(&Progress::Copying {
            how_far: in_words(progress),
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

fn in_words(progress: &CopyProgress) -> String {
    let resting = match &progress.resting {
        Some(reason) => format!(", resting: {reason}"),
        None => String::new(),
    };
    format!(
        "table {} of {}, {}: {} of some {} rows copied, {:.0} rows/s{resting}",
        progress.tables + 1,
        progress.of_tables,
        progress.table,
        progress.rows,
        progress.of_rows,
        progress.rows_per_second(),
    )
}
