//! From idle to syncing: changes are captured, existing rows copied, and the mirrors run.

use serde::Serialize;
use serde_json::json;

use crate::databases::Side;
use crate::sync::journal::{CopiedTable, CopyProgress, backfill, install};
use crate::sync::publish_subscribe::begin_record;
use crate::sync::{Stage, Transport};

use super::preflight::{self, PreflightOptions, preflight};
use super::progress::Tell;
use super::stream::stream;
use super::{MigrationError, Operator, Progress};

/// What was done.
#[derive(Debug, Clone, Serialize)]
pub struct Started {
    /// Tables whose changes are captured.
    pub tables: usize,
    /// Tables that were copied now.
    pub copied: Vec<CopiedTable>,
}

/// Begins the migration, or goes on where a beginning was interrupted, by the transport that it began with.
pub async fn start(operator: &Operator, tell: Tell<'_>) -> Result<Started, MigrationError> {
    Box::pin(begin(operator, None, tell)).await
}

/// The same, by this transport.
pub async fn start_by(
    operator: &Operator,
    transport: Transport,
    tell: Tell<'_>,
) -> Result<Started, MigrationError> {
    Box::pin(begin(operator, Some(transport), tell)).await
}

async fn begin(
    operator: &Operator,
    wanted: Option<Transport>,
    tell: Tell<'_>,
) -> Result<Started, MigrationError> {
    let _alone = operator.alone().await?;
    let state = operator.standing().await?;
    if !matches!(state.stage, Stage::Idle | Stage::Syncing) {
        return Err(MigrationError::WrongStage {
            stage: state.stage,
            wanted: "idle or syncing",
        });
    }
    let transport = match (state.stage, wanted) {
        (Stage::Idle, wanted) => wanted.unwrap_or_default(),
        (_, Some(wanted)) if wanted != state.transport => {
            return Err(MigrationError::OtherTransport {
                is: state.transport,
                wanted,
            });
        }
        _ => state.transport,
    };
    let databases = &operator.databases;
    if state.stage == Stage::Idle {
        let options = PreflightOptions {
            transport,
            ..PreflightOptions::default()
        };
        let found = preflight(databases, options).await?;
        if found.verdict == preflight::Verdict::Block {
            return Err(MigrationError::Preflight(found));
        }
    }
    let tables = match transport {
        Transport::Journal => install(databases, Side::Old).await?.len(),
        Transport::PublishSubscribe => begin_record(databases, Side::Old).await?,
    };
    if state.stage == Stage::Idle {
        let mut connection = databases.mirror_session(Side::Old).await?;
        let details = json!({ "tables": tables, "transport": transport });
        operator
            .note(&mut connection, Side::Old, "start", &details)
            .await?;
    }
    if transport == Transport::PublishSubscribe {
        let copied = stream(operator, &state, tables, tell).await?;
        return Ok(Started { tables, copied });
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
