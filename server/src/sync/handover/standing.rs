//! Which side is the primary, and where the migration stands.

use diesel_async::AsyncPgConnection;

use crate::databases::{DatabaseError, Databases, Side, Statement};
use crate::sync::{Stage, State, find_state, primary_of};

use super::{HandoverError, finish};

/// Finds the primary's record, and finishes what was decided and interrupted. A side that says that it is the primary
/// is believed without the other, since only it can end that; `guess` is asked first.
pub async fn standing(databases: &Databases, guess: Side) -> Result<State, HandoverError> {
    let first = read_side(databases, guess).await;
    if let Ok(Found::Record(state)) = &first
        && state.is_primary
    {
        return Ok(state.clone());
    }
    let second = read_side(databases, guess.other()).await;
    let (old, new) = match guess {
        Side::Old => (first, second),
        Side::New => (second, first),
    };
    match (old, new) {
        (Ok(Found::Record(state)), _) | (_, Ok(Found::Record(state))) if state.is_primary => Ok(state),
        (Ok(Found::Record(old)), Ok(Found::Record(new))) => {
            let epoch = old.epoch.max(new.epoch);
            finish(databases, epoch).await?;
            Ok(State {
                epoch,
                is_primary: true,
                stage: Stage::with_primary(primary_of(epoch)),
                ..new
            })
        }
        (Ok(Found::Record(state)), Ok(Found::Nothing { .. })) => Err(HandoverError::NoRecord {
            side: Side::New,
            epoch: state.epoch,
        }),
        (Ok(Found::Record(_)), Err(error)) => Err(error),
        // Old has been retired: nothing of Crossfade is left, and it takes no writes.
        (Ok(Found::Nothing { is_read_only: true }), _) => Ok(State::completed(1)),
        (Ok(_), _) => Ok(State::idle()),
        (Err(error), _) => Err(error),
    }
}

enum Found {
    Record(State),
    /// There is no record. A database that is read-only by its own settings has been retired.
    Nothing {
        is_read_only: bool,
    },
}

async fn read_side(databases: &Databases, side: Side) -> Result<Found, HandoverError> {
    let mut connection = databases.mirror_session(side).await?;
    if let Some(state) = find_state(&mut connection, side).await? {
        return Ok(Found::Record(state));
    }
    Ok(Found::Nothing {
        is_read_only: is_retired(&mut connection, side).await?,
    })
}

/// Whether the database is read-only by its own settings, which is how `complete` leaves it.
pub(crate) async fn is_retired(
    connection: &mut AsyncPgConnection,
    side: Side,
) -> Result<bool, DatabaseError> {
    Statement::new(
        "select exists (select from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase \
         where d.datname = current_database() and s.setrole = 0 \
         and 'default_transaction_read_only=on' = any (s.setconfig))",
    )
    .one_bool(connection)
    .await
    .map_err(DatabaseError::statement(side))
}
