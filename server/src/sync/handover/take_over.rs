//! The other side's part: its fence falls, it captures, and mirrors that come late are refused.

use std::time::Duration;

use diesel::sql_types::{BigInt, Bool};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};

use crate::databases::{DatabaseError, Databases, Side, Statement, begin, commit, roll_back};
use crate::sync::{Stage, find_state, primary_of};

use super::fence::{lock_for_handover, set_fence};
use super::{HandoverError, LOCK_TIMEOUT};

/// Makes a side the primary of an epoch, in a transaction that was begun for that. Mirrors that are writing there are
/// waited for; those that come later meet the capture of a primary, which refuses them. False if it was done before.
pub async fn take_over(
    connection: &mut AsyncPgConnection,
    side: Side,
    epoch: i64,
) -> Result<bool, HandoverError> {
    let failed = || DatabaseError::statement(side);
    lock_for_handover(connection, side, "share row exclusive").await?;
    let found = Statement::new("select epoch, is_primary from crossfade.migration for update")
        .rows::<(BigInt, Bool), (i64, bool)>(connection)
        .await
        .map_err(failed())?;
    match found.first() {
        None => return Err(HandoverError::NoRecord { side, epoch }),
        Some((found, _)) if *found >= epoch => return Ok(false),
        Some(_) => {}
    }
    connection
        .batch_execute(&set_fence("disable"))
        .await
        .map_err(failed())?;
    Statement::new(
        "update crossfade.migration set epoch = $1, stage = $2, is_primary = true, announced = null, paused = false",
    )
    .integer(epoch)
    .text(Some(Stage::with_primary(side).name().to_owned()))
    .execute(connection)
    .await
    .map_err(failed())?;
    Ok(true)
}

/// How often a take-over is tried while others hold locks.
const ATTEMPTS: u32 = 25;

/// Finishes an epoch's beginning that was decided on the other side, by whoever comes first.
pub async fn finish(databases: &Databases, epoch: i64) -> Result<(), HandoverError> {
    let side = primary_of(epoch);
    let mut attempt = 1;
    loop {
        match try_to_finish(databases, side, epoch).await {
            Err(HandoverError::Busy { .. }) if attempt < ATTEMPTS => {
                tokio::time::sleep(LOCK_TIMEOUT / 4 * attempt.min(8)).await;
                attempt += 1;
            }
            outcome => return outcome,
        }
    }
}

/// The record's lock may be held by another who is finishing; it is waited for, and then all is done.
const RECORD_TIMEOUT: Duration = Duration::from_secs(3);

async fn try_to_finish(databases: &Databases, side: Side, epoch: i64) -> Result<(), HandoverError> {
    let mut connection = databases.mirror_session(side).await?;
    match find_state(&mut connection, side).await? {
        None => return Err(HandoverError::NoRecord { side, epoch }),
        Some(state) if state.epoch >= epoch => return Ok(()),
        Some(_) => {}
    }
    begin(&mut connection, side).await?;
    let bound = format!("set local statement_timeout = {}", RECORD_TIMEOUT.as_millis());
    let outcome = match connection.batch_execute(&bound).await {
        Ok(()) => take_over(&mut connection, side, epoch).await,
        Err(error) => Err(DatabaseError::statement(side)(error).into()),
    };
    match outcome {
        Ok(taken) => {
            commit(&mut connection, side).await?;
            if taken {
                log::info!("the {side} database is the primary now, in epoch {epoch}");
            }
            Ok(())
        }
        Err(error) => {
            roll_back(&mut connection, side).await;
            Err(error)
        }
    }
}
