//! A write: the caller's code, on the primary, in a transaction; then, if the flags say so, its mirror.
//!
//! While the primary changes, a write waits for the old one's tables and is refused by its fence; its transaction has
//! done nothing then, and is tried once more on the new one.

use std::time::Instant;

use diesel_async::AsyncPgConnection;
use serde::Serialize;

use crate::databases::{DatabaseError, Side, Step, begin, commit, roll_back, with_causes};
use crate::flags::{RequestContext, Route};
use crate::sync::journal::{Entry, Mirrored, entries_of_this_transaction, position_of_this_transaction};
use crate::sync::publish_subscribe::position_now;
use crate::sync::{Position, Stage, State, Transport};

use super::crossfade::Crossfade;
use super::decide::{RouteError, log_decision};
use super::latency::Work;

/// A write that the primary has committed.
#[derive(Debug)]
pub struct Written<T> {
    /// What the caller's code returned.
    pub value: T,
    /// Whether the secondary has it too.
    pub mirror: Mirror,
    /// What later reads of this user must see; absent where nothing changed.
    pub position: Option<Position>,
}

/// What the primary has committed.
pub(super) struct Committed<T> {
    pub(super) value: T,
    pub(super) position: Option<Position>,
    /// What is to reach the secondary.
    pub(super) changed: Changed,
    /// The primary that committed it.
    pub(super) side: Side,
}

/// What a write has changed.
pub(super) enum Changed {
    /// Nothing is known to bring it to the secondary.
    Unknown,
    /// What capture noted.
    Noted(Vec<Entry>),
    /// Something that PostgreSQL streams by itself.
    Streamed,
}

/// Changes of primary that one request lives through.
pub(super) const MOST_MOVES: usize = 3;

/// What became of a write's mirror by the time it was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mirror {
    /// The secondary has it.
    Applied,
    /// The flags asked for it, and the journal will bring it there.
    Pending,
    /// The flags did not ask: the workers will mirror it when they come to it.
    NotAsked,
}

impl Mirror {
    /// All of them, in the order of their discriminants.
    pub const ALL: [Self; 3] = [Self::Applied, Self::Pending, Self::NotAsked];
}

impl Crossfade {
    /// Runs `work` on the primary, in a transaction, and mirrors what it changed if the flags say so. If the primary
    /// changes meanwhile, the transaction is undone and a clone of `work` runs on the new one: so beside what it does on
    /// the connection, it should do nothing that must not happen twice.
    ///
    /// `earlier` is the position that the client brought from an earlier answer, if it did. Only the primary can
    /// make this fail: whatever is wrong with the secondary, the write is done and its mirror is pending.
    pub async fn write<T, E>(
        &self,
        context: &RequestContext,
        earlier: Option<Position>,
        work: impl AsyncFnOnce(&mut AsyncPgConnection) -> Result<T, E> + Clone,
    ) -> Result<Written<T>, RouteError<E>> {
        let route = self.flags().route(context);
        log_decision(context, route);
        let committed = self.commit(work).await?;
        Ok(self.finish(context, route, earlier, committed).await)
    }

    /// The secondary's part, and what there is to remember.
    pub(super) async fn finish<T>(
        &self,
        context: &RequestContext,
        route: Route,
        earlier: Option<Position>,
        committed: Committed<T>,
    ) -> Written<T> {
        let Committed {
            value,
            position,
            changed,
            side,
        } = committed;
        let mirror = match changed {
            _ if !route.write => Mirror::NotAsked,
            Changed::Unknown => Mirror::NotAsked,
            // Nothing changed, so nothing is missing.
            Changed::Noted(entries) if entries.is_empty() => Mirror::Applied,
            Changed::Noted(entries) => self.mirror_now(side, entries).await,
            Changed::Streamed => self.await_stream(side).await,
        };
        self.databases().step(Step::Decided).await;
        self.counts().write(mirror);
        let position = position.map(|position| self.remember(context, earlier, position, mirror));
        Written {
            value,
            mirror,
            position,
        }
    }

    /// The primary's part, by whichever database that is in the end.
    pub(super) async fn commit<T, E>(
        &self,
        work: impl AsyncFnOnce(&mut AsyncPgConnection) -> Result<T, E> + Clone,
    ) -> Result<Committed<T>, RouteError<E>> {
        let mut moves = 0;
        loop {
            let state = self.standing().state();
            match self.commit_on(&state, work.clone()).await {
                // Nothing was done; was it because the primary is another one by now?
                Err(error @ (RouteError::Work(_) | RouteError::Unavailable(_)))
                    if state.stage != Stage::Completed && moves < MOST_MOVES =>
                {
                    if !self.standing().has_moved_from(&state).await {
                        return Err(error);
                    }
                    moves += 1;
                }
                outcome => return outcome,
            }
        }
    }

    /// Begin, the caller's code, commit.
    async fn commit_on<T, E>(
        &self,
        state: &State,
        work: impl AsyncFnOnce(&mut AsyncPgConnection) -> Result<T, E>,
    ) -> Result<Committed<T>, RouteError<E>> {
        let side = state.primary();
        let began = Instant::now();
        let mut connection = self
            .databases()
            .connection(side)
            .await
            .map_err(RouteError::Unavailable)?;
        begin(&mut connection, side)
            .await
            .map_err(RouteError::Unavailable)?;
        let value = match work(&mut connection).await {
            Ok(value) => value,
            Err(error) => {
                roll_back(&mut connection, side).await;
                return Err(RouteError::Work(error));
            }
        };
        let failed = |error| RouteError::Unavailable(DatabaseError::statement(side)(error));
        let (position, changed) = if state.is_captured() && state.transport == Transport::PublishSubscribe {
            let written = position_of_this_transaction(&mut connection)
                .await
                .map_err(failed)?;
            match written {
                Some(_) => (None, Changed::Streamed),
                None => (None, Changed::Noted(Vec::new())),
            }
        } else if state.is_captured() {
            let entries = entries_of_this_transaction(&mut connection)
                .await
                .map_err(failed)?;
            (entries.first().map(Entry::position), Changed::Noted(entries))
        } else {
            // It may be captured without our knowing yet: then the user's next reads must wait for it.
            let position = position_of_this_transaction(&mut connection)
                .await
                .map_err(failed)?;
            (position, Changed::Unknown)
        };
        self.databases().step(Step::Written).await;
        commit(&mut connection, side)
            .await
            .map_err(RouteError::Uncertain)?;
        self.latencies().took(side, Work::Write, began);
        self.databases().step(Step::Committed).await;
        let position = match changed {
            Changed::Streamed => Some(place_of(&mut connection, side).await),
            Changed::Unknown | Changed::Noted(_) => position,
        };
        Ok(Committed {
            value,
            position: position.map(|position| position.in_epoch(state.epoch)),
            changed,
            side,
        })
    }

    async fn mirror_now(&self, primary: Side, entries: Vec<Entry>) -> Mirror {
        let Some(pass) = self.circuit().try_pass() else {
            return Mirror::Pending;
        };
        let began = Instant::now();
        let mirrored = self
            .awaited(primary)
            .mirror(entries, self.options().mirror_deadline)
            .await;
        self.latencies().took(primary.other(), Work::Mirror, began);
        match mirrored {
            Mirrored::Applied => {
                pass.succeeded();
                Mirror::Applied
            }
            // New was not asked: the pass says nothing of it.
            Mirrored::TooMuch => Mirror::Pending,
            Mirrored::Refused => {
                pass.succeeded();
                Mirror::Pending
            }
            Mirrored::Unreachable => {
                pass.failed();
                Mirror::Pending
            }
        }
    }

    /// Waits, within the deadline, until the stream has brought it to the secondary.
    async fn await_stream(&self, primary: Side) -> Mirror {
        let began = Instant::now();
        let applied = match self.stream() {
            Some(stream) if stream.primary() == primary => {
                stream.applied_within(self.options().mirror_deadline).await
            }
            _ => false,
        };
        self.latencies().took(primary.other(), Work::Mirror, began);
        if applied { Mirror::Applied } else { Mirror::Pending }
    }

    /// Notes what the user's next reads must see, and returns it for the answer.
    pub(super) fn remember(
        &self,
        context: &RequestContext,
        earlier: Option<Position>,
        written: Position,
        mirror: Mirror,
    ) -> Position {
        let user = context.user_id();
        let known = user.and_then(|user| self.recent_users().position(user));
        // What was not reached before this write may not be reached now, though this write is.
        let behind = match (earlier, known) {
            (Some(one), Some(other)) => Some(one.and(other)),
            (one, other) => one.or(other),
        };
        let position = behind.map_or(written, |behind| behind.and(written));
        if let Some(user) = user
            && (mirror != Mirror::Applied || behind.is_some())
        {
            self.recent_users().must_see(user, position);
        }
        position
    }
}

/// Where in the primary's log a write is that it has just committed. If it cannot say, the write is done all the same:
/// then the user is held to what only another epoch reaches.
pub(super) async fn place_of(connection: &mut AsyncPgConnection, primary: Side) -> Position {
    position_now(connection, primary).await.unwrap_or_else(|error| {
        log::debug!(
            "where a write is in the log is not known: {}",
            with_causes(&error)
        );
        Position::of_log(i64::MAX)
    })
}
