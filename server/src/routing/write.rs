//! A write: the caller's code, on the primary, in a transaction; then, if the flags say so, its mirror.
//!
//! While the primary changes, a write waits for the old one's tables and is refused by its fence; its transaction has
//! done nothing then, and is tried once more on the new one.

use std::time::Instant;

use diesel_async::AsyncPgConnection;
use serde::Serialize;

use crate::databases::{DatabaseError, Side, Step, begin, commit, roll_back};
use crate::flags::{RequestContext, Route};
use crate::sync::journal::{Entry, Mirrored, entries_of_this_transaction, position_of_this_transaction};
use crate::sync::{Position, Stage, State};

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
    /// What capture noted; absent where it is not known to be in place.
    pub(super) entries: Option<Vec<Entry>>,
    /// The primary that committed it.
    pub(super) side: Side,
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
            entries,
            side,
        } = committed;
        let mirror = match entries {
            Some(entries) if route.write => {
                if entries.is_empty() {
                    // Nothing changed, so nothing is missing.
                    Mirror::Applied
                } else {
                    self.mirror_now(side, entries).await
                }
            }
            _ => Mirror::NotAsked,
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
        let (position, entries) = if state.is_captured() {
            let entries = entries_of_this_transaction(&mut connection)
                .await
                .map_err(failed)?;
            (entries.first().map(Entry::position), Some(entries))
        } else {
            // It may be captured without our knowing yet: then the user's next reads must wait for it.
            let position = position_of_this_transaction(&mut connection)
                .await
                .map_err(failed)?;
            (position, None)
        };
        self.databases().step(Step::Written).await;
        commit(&mut connection, side)
            .await
            .map_err(RouteError::Uncertain)?;
        self.latencies().took(side, Work::Write, began);
        self.databases().step(Step::Committed).await;
        Ok(Committed {
            value,
            position: position.map(|position| position.in_epoch(state.epoch)),
            entries,
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
