//! The copy's own sessions.

use tokio_postgres::Client;

use crate::databases::{Databases, Side};

use super::BackfillError;

/// A chunk takes as long as it takes, and one core a side. Where policies would hide rows from our role, reading
/// fails rather than leave them out.
const SETTINGS: &str = "\
    set application_name to 'crossfade copy'; set statement_timeout to 0; set lock_timeout to 0; \
    set idle_in_transaction_session_timeout to 0; set max_parallel_workers_per_gather to 0; set jit to off; \
    set row_security to off;";

/// A session on `side`, with a mirror session's settings and the copy's.
pub(super) async fn session(databases: &Databases, side: Side) -> Result<Client, BackfillError> {
    let client = databases.raw_mirror_session(side).await?;
    client
        .batch_execute(SETTINGS)
        .await
        .map_err(BackfillError::record(side))?;
    Ok(client)
}

/// True where rows can be deleted and written in any order without firing foreign keys and triggers.
pub(super) async fn is_replica(secondary: &Client, side: Side) -> Result<bool, BackfillError> {
    let sql = "select current_setting('session_replication_role') = 'replica'";
    let row = secondary
        .query_one(sql, &[])
        .await
        .map_err(BackfillError::record(side))?;
    Ok(row.get(0))
}
