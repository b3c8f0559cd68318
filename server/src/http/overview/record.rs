//! What the databases say of the migration, asked at most once in a while, however many look.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::databases::{Databases, with_causes};
use crate::migration::{MigrationError, status};
use crate::sync::Transport;
use crate::sync::journal::copy_status;
use crate::verify::{Difference, last_report};

/// It changes seldom, and asking costs some ten statements.
const KEPT: Duration = Duration::from_secs(2);

/// Whoever looks would rather see what the server itself knows than wait.
const PATIENCE: Duration = Duration::from_secs(2);

/// More differences are for `crossfade migrate verify` to list.
const MOST_DIFFERENCES: usize = 200;

/// The last answer.
#[derive(Debug, Default)]
pub(in crate::http) struct Records(Mutex<Option<(Instant, Option<Value>)>>);

impl Records {
    /// What they say; none where they do not say it in time.
    pub(super) async fn latest(&self, databases: &Databases) -> Option<Value> {
        let mut kept = self.0.lock().await;
        if let Some((at, record)) = &*kept
            && at.elapsed() < KEPT
        {
            return record.clone();
        }
        let record = match tokio::time::timeout(PATIENCE, ask(databases)).await {
            Ok(Ok(record)) => Some(record),
            Ok(Err(error)) => {
                log::debug!("the migration's record cannot be had: {}", with_causes(&error));
                None
            }
            Err(_) => None,
        };
        *kept = Some((Instant::now(), record.clone()));
        record
    }

    /// The next who looks is to see what has just been done.
    pub(super) async fn forget(&self) {
        *self.0.lock().await = None;
    }
}

async fn ask(databases: &Databases) -> Result<Value, MigrationError> {
    let status = Box::pin(status(databases)).await?;
    let mut record = json!(status);
    if status.state.is_captured() {
        if status.state.transport == Transport::Journal {
            record["copy"] = json!(copy_status(databases, status.primary).await?);
        }
        let verified = last_report(databases, status.primary).await?;
        record["verification"] = verified.map_or(Value::Null, |report| {
            let differences: Vec<&Difference> = report.differences().take(MOST_DIFFERENCES).collect();
            let tables: Vec<Value> = report
                .tables
                .iter()
                .map(|table| {
                    json!({
                        "schema": table.schema, "table": table.table, "rows": table.rows,
                        "key_columns": table.key_columns, "missing": table.missing, "extra": table.extra,
                        "different": table.different, "pending": table.pending, "unfinished": table.unfinished,
                    })
                })
                .collect();
            json!({
                "clean": report.clean, "finished_at": report.finished_at, "tables": tables,
                "found": report.differences().count(), "differences": differences,
            })
        });
    }
    Ok(record)
}
