//! A write that is done once, however often it is asked for: its answer is kept on the primary, by the same
//! transaction, under a key that the asker chose. Whoever lost the answer asks again with the key.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use diesel::sql_types::{BigInt, Bool, Text};
use diesel_async::AsyncPgConnection;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::databases::{DatabaseError, Databases, Side, Statement, with_causes};
use crate::flags::{RequestContext, Route};
use crate::sync::answers::{KEPT_FOR, create};
use crate::sync::{Position, State, Transport};

use super::crossfade::Crossfade;
use super::decide::{RouteError, log_decision};
use super::write::{Committed, Mirror, Written, place_of};

/// What a write is known by when it is asked for again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnceKey {
    asker: String,
    key: String,
    request: String,
}

/// A write that was done, now or when it was first asked for.
#[derive(Debug)]
pub struct Once<T> {
    /// The write. Of one that was done before, the value is the first one's, and the rest is as of now.
    pub written: Written<T>,
    /// It had been done before.
    pub repeated: bool,
}

/// Why a write that is to be done once was not done. `E` is the error of the caller's own code.
#[derive(Debug, thiserror::Error)]
pub enum OnceError<E> {
    /// The same write is being done at this moment.
    #[error("a request with this key is being answered")]
    UnderWay,
    /// The key has been used for something else.
    #[error("this key came with another request before")]
    Reused,
    /// The answer is larger than what is kept.
    #[error("the answer has {bytes} bytes, more than the {MOST_BYTES} that can be kept")]
    TooLarge {
        /// How large it is.
        bytes: usize,
    },
    /// An answer could not be written to the record or read from it.
    #[error("the record of answers failed")]
    Record(#[source] diesel::result::Error),
    /// What was kept is not what this caller keeps.
    #[error("the kept answer is not of this form")]
    Form(#[source] serde_json::Error),
    /// The caller's code failed.
    #[error("the request failed")]
    Work(E),
}

/// The largest answer that is kept.
const MOST_BYTES: usize = 256 * 1024;

/// Answers that are kept at most; beyond it the oldest go first.
const MOST_ANSWERS: u64 = 1_000_000;

/// How often one server looks for answers that need not be kept any more.
const CLEAN_EVERY: Duration = Duration::from_mins(1);

/// What one server knows of the record.
#[derive(Debug, Default)]
pub(super) struct KeptAnswers {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// The epoch on whose primary the table is.
    is_there: Option<i64>,
    cleaned: Option<Instant>,
}

impl OnceKey {
    /// Keys of different askers never meet. The key must always come with the same request; each is given in parts.
    pub fn new(asker: &[&[u8]], key: &str, request: &[&[u8]]) -> Self {
        Self {
            asker: fingerprint(asker),
            key: key.to_owned(),
            request: fingerprint(request),
        }
    }

    /// The number of its lock.
    fn lock(&self) -> i64 {
        let digest = Sha256::digest(format!("crossfade once {} {}", self.asker, self.key));
        digest
            .iter()
            .take(8)
            .fold(0, |number, byte| (number << 8) | i64::from(*byte))
    }
}

/// SHA-256 over the parts, each after its length: so no two lists of parts are one text.
fn fingerprint(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().iter().fold(String::new(), |mut digits, byte| {
        use std::fmt::Write as _;
        _ = write!(digits, "{byte:02x}");
        digits
    })
}

/// What the transaction of a write found in the record.
enum Found<T> {
    New(T),
    Kept { value: T, position: Position },
}

impl Crossfade {
    /// [`Crossfade::write`], but `work` takes effect once for each key: who asks again is given the value of the
    /// first time. Values travel through JSON. A write that failed is not kept, and may be asked for again.
    pub async fn write_once<T: Serialize + DeserializeOwned, E>(
        &self,
        context: &RequestContext,
        earlier: Option<Position>,
        key: &OnceKey,
        work: impl AsyncFnOnce(&mut AsyncPgConnection) -> Result<T, E> + Clone,
    ) -> Result<Once<T>, RouteError<OnceError<E>>> {
        let route = self.flags().route(context);
        log_decision(context, route);
        self.prepare_record().await.map_err(RouteError::Unavailable)?;
        let once = async move |connection: &mut AsyncPgConnection| {
            if let Some(kept) = find(connection, key).await? {
                return Ok(kept);
            }
            let value = work(connection).await.map_err(OnceError::Work)?;
            keep(connection, key, self.standing().state().epoch, &value).await?;
            Ok(Found::New(value))
        };
        let mut committed = self.commit(once.clone()).await;
        if let Err(RouteError::Work(OnceError::Record(_))) = committed {
            // The table is made on demand, and may be gone with a migration that was completed or has moved.
            self.kept_answers().known().is_there = None;
            self.prepare_record().await.map_err(RouteError::Unavailable)?;
            committed = self.commit(once).await;
        }
        let Committed {
            value,
            position,
            changed,
            side,
        } = committed?;
        match value {
            Found::New(value) => {
                let committed = Committed {
                    value,
                    position,
                    changed,
                    side,
                };
                Ok(Once {
                    written: self.finish(context, route, earlier, committed).await,
                    repeated: false,
                })
            }
            Found::Kept { value, position } => Ok(Once {
                written: self.again(context, route, earlier, value, position).await,
                repeated: true,
            }),
        }
    }

    /// A write that was done before, as things stand now.
    async fn again<T>(
        &self,
        context: &RequestContext,
        route: Route,
        earlier: Option<Position>,
        value: T,
        position: Position,
    ) -> Written<T> {
        let state = self.standing().state();
        let position = self.place_in(&state, position).await;
        let mirror = if !route.write || !state.is_captured() {
            Mirror::NotAsked
        } else if self.is_reached(&state, position).await.unwrap_or(false) {
            Mirror::Applied
        } else {
            Mirror::Pending
        };
        Written {
            value,
            mirror,
            position: Some(self.remember(context, earlier, position, mirror)),
        }
    }

    /// The record keeps a transaction's number. Over a stream, which counts otherwise, everything until now is asked for.
    async fn place_in(&self, state: &State, kept: Position) -> Position {
        if state.transport == Transport::Journal || kept.epoch() != state.epoch {
            return kept;
        }
        let side = state.primary();
        match self.databases().connection(side).await {
            Ok(mut connection) => place_of(&mut connection, side).await,
            Err(_) => Position::of_log(i64::MAX),
        }
        .in_epoch(state.epoch)
    }

    /// Makes sure that there is a record, and now and then that it does not grow for ever.
    async fn prepare_record(&self) -> Result<(), DatabaseError> {
        let (is_there, is_to_be_cleaned) = {
            let mut known = self.kept_answers().known();
            let is_due = known.cleaned.is_none_or(|at| at.elapsed() > CLEAN_EVERY);
            if is_due {
                known.cleaned = Some(Instant::now());
            }
            (known.is_there, is_due)
        };
        let state = self.standing().state();
        let (databases, side) = (self.databases().clone(), state.primary());
        if is_there != Some(state.epoch) {
            create(&databases, side).await?;
            self.kept_answers().known().is_there = Some(state.epoch);
        }
        if is_to_be_cleaned {
            tokio::spawn(async move {
                if let Err(error) = clean(&databases, side).await {
                    log::debug!("answers that are too old stay: {}", with_causes(&error));
                }
            });
        }
        Ok(())
    }
}

impl KeptAnswers {
    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the key's lock for the length of the transaction, and looks for an answer. Whoever holds the lock is doing
/// the same write, or was killed a moment ago: nobody waits, and the client asks again.
async fn find<T: DeserializeOwned, E>(
    connection: &mut AsyncPgConnection,
    key: &OnceKey,
) -> Result<Option<Found<T>>, OnceError<E>> {
    let is_free = Statement::new("select pg_catalog.pg_try_advisory_xact_lock($1)")
        .integer(key.lock())
        .rows::<Bool, bool>(connection)
        .await
        .map_err(OnceError::Record)?;
    if is_free != [true] {
        return Err(OnceError::UnderWay);
    }
    // A statement of its own: it sees what was committed before the lock was had.
    let sql = format!(
        "select request, answer, txid::text::bigint, epoch from crossfade.answers \
         where asker = $1 and key = $2 and at > now() - {KEPT_FOR}"
    );
    let rows = Statement::new(sql)
        .text(Some(key.asker.clone()))
        .text(Some(key.key.clone()))
        .rows::<(Text, Text, BigInt, BigInt), (String, String, i64, i64)>(connection)
        .await
        .map_err(OnceError::Record)?;
    match rows.into_iter().next() {
        None => Ok(None),
        Some((request, ..)) if request != key.request => Err(OnceError::Reused),
        Some((_, answer, transaction, epoch)) => Ok(Some(Found::Kept {
            value: serde_json::from_str(&answer).map_err(OnceError::Form)?,
            position: Position::of_transaction(transaction).in_epoch(epoch),
        })),
    }
}

/// Keeps the answer, in the place of one that is too old to count.
async fn keep<T: Serialize, E>(
    connection: &mut AsyncPgConnection,
    key: &OnceKey,
    epoch: i64,
    value: &T,
) -> Result<(), OnceError<E>> {
    let answer = serde_json::to_string(value).map_err(OnceError::Form)?;
    if answer.len() > MOST_BYTES {
        return Err(OnceError::TooLarge { bytes: answer.len() });
    }
    let sql = format!(
        "insert into crossfade.answers as a (asker, key, request, answer, epoch) values ($1, $2, $3, $4, $5) \
         on conflict (asker, key) do update set request = excluded.request, answer = excluded.answer, \
         txid = excluded.txid, epoch = excluded.epoch, at = excluded.at where a.at <= now() - {KEPT_FOR}"
    );
    let kept = Statement::new(sql)
        .text(Some(key.asker.clone()))
        .text(Some(key.key.clone()))
        .text(Some(key.request.clone()))
        .text(Some(answer))
        .integer(epoch)
        .execute(connection)
        .await
        .map_err(OnceError::Record)?;
    if kept == 1 {
        Ok(())
    } else {
        Err(OnceError::UnderWay)
    }
}

/// Forgets what is too old, and the oldest of what is too much.
async fn clean(databases: &Databases, primary: Side) -> Result<(), DatabaseError> {
    let sql = format!(
        "delete from crossfade.answers where at <= greatest(now() - {KEPT_FOR}, \
         (select at from crossfade.answers order by at desc offset {MOST_ANSWERS} limit 1))"
    );
    let mut connection = databases.mirror_session(primary).await?;
    Statement::new(sql)
        .execute(&mut connection)
        .await
        .map_err(DatabaseError::statement(primary))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn askers_keys_and_requests_are_told_apart_part_by_part() {
        let key = OnceKey::new(&[b"token", b"123"], "k", &[b"POST", b"/orders"]);
        assert_eq!(
            key,
            OnceKey::new(&[b"token", b"123"], "k", &[b"POST", b"/orders"])
        );
        let other_asker = OnceKey::new(&[b"token1", b"23"], "k", &[b"POST", b"/orders"]);
        assert_ne!(key.asker, other_asker.asker);
        assert_ne!(key.lock(), other_asker.lock());
        let other_request = OnceKey::new(&[b"token", b"123"], "k", &[b"POST/", b"orders"]);
        assert_ne!(key.request, other_request.request);
        assert_eq!(key.lock(), other_request.lock(), "the same key must meet itself");
    }
}
