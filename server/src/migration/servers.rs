//! Lets every server know of a coming epoch, before anything happens.

use std::time::{Duration, Instant};

use crate::databases::{DatabaseError, Side, Statement};
use crate::sync::State;
use crate::sync::servers::{LASTS, servers};

use super::progress::Tell;
use super::{MigrationError, Operator, Progress};

/// A server acknowledges within a quarter of a second, or its lease ends.
const PATIENCE: Duration = Duration::from_secs(15);
const ASK_EVERY: Duration = Duration::from_millis(20);

/// Announces the epoch in the primary's record, and waits until every live server has acknowledged it.
pub(super) async fn announce(
    operator: &Operator,
    state: &State,
    epoch: i64,
    tell: Tell<'_>,
) -> Result<usize, MigrationError> {
    let primary = state.primary();
    set_announced(operator, primary, Some(epoch)).await?;
    tell(&Progress::Announced { epoch });
    let mut connection = operator.databases.mirror_session(primary).await?;
    let began = Instant::now();
    let mut told = usize::MAX;
    loop {
        let all = servers(&mut connection, primary).await?;
        let live = all.iter().filter(|server| server.is_live);
        let missing: Vec<String> = live
            .clone()
            .filter(|server| server.acknowledged < epoch)
            .map(|server| server.name.clone())
            .collect();
        let live = live.count();
        if missing.is_empty() && (state.epoch > 0 || leases_began(&mut connection, primary).await?) {
            return Ok(live);
        }
        if began.elapsed() > PATIENCE {
            return Err(MigrationError::Unacknowledged {
                epoch,
                servers: missing,
                waited_s: PATIENCE.as_secs(),
            });
        }
        if missing.len() != told {
            told = missing.len();
            tell(&Progress::AwaitingServers {
                missing: told,
                of: live,
            });
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}

/// Takes an announcement back.
pub(super) async fn withdraw(operator: &Operator, primary: Side) -> Result<(), MigrationError> {
    set_announced(operator, primary, None).await
}

async fn set_announced(operator: &Operator, primary: Side, epoch: Option<i64>) -> Result<(), MigrationError> {
    let mut connection = operator.databases.mirror_session(primary).await?;
    Statement::new("update crossfade.migration set announced = $1::text::int8 where is_primary")
        .text(epoch.map(|epoch| epoch.to_string()))
        .execute(&mut connection)
        .await
        .map_err(DatabaseError::statement(primary))?;
    Ok(())
}

/// Whether every server that does not know yet that leases are kept has ceased to trust what it remembers.
async fn leases_began(
    connection: &mut diesel_async::AsyncPgConnection,
    primary: Side,
) -> Result<bool, DatabaseError> {
    Statement::new("select begun_at < clock_timestamp() - $1 * interval '1 ms' from crossfade.migration")
        .integer(i64::try_from(LASTS.as_millis()).unwrap_or(i64::MAX))
        .one_bool(connection)
        .await
        .map_err(DatabaseError::statement(primary))
}
