//! A read: from the secondary where the flags say so and it is up to it, else from the primary.

use std::cmp::Ordering;
use std::time::Instant;

use diesel_async::AsyncPgConnection;
use serde::Serialize;

use crate::databases::{Connection, DatabaseError, Side, Step};
use crate::flags::RequestContext;
use crate::sync::journal::{pending_position, position_is_reached, position_of_everything};
use crate::sync::publish_subscribe::position_now;
use crate::sync::{Position, Stage, State, Transport, find_state};

use super::circuit::Pass;
use super::crossfade::Crossfade;
use super::decide::{RouteError, log_decision};
use super::latency::Work;
use super::write::MOST_MOVES;

/// What was read, and where.
#[derive(Debug)]
pub struct Read<T> {
    /// What the caller's code returned.
    pub value: T,
    /// The database that answered.
    pub side: Side,
    /// Why that one.
    pub reason: ReadReason,
    /// What later reads of this user must see, for the answer; absent where new may serve anything.
    pub position: Option<Position>,
    /// The flags or the sample say that [`Crossfade::compare`] is to look at this answer.
    pub compare: bool,
}

/// Why a read went where it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadReason {
    /// New: the flags say so.
    FlagNew,
    /// Old: the flags say so.
    FlagOld,
    /// The primary: existing rows are not all copied yet, or nothing is synchronised.
    NotCopied,
    /// The primary: the user has written what the other one does not have yet.
    Behind,
    /// The primary: the other one has failed lately and is not asked.
    CircuitOpen,
    /// The primary: the other one, which is new until the switch, was asked and failed.
    NewFailed,
}

impl ReadReason {
    /// All of them, in the order of their discriminants.
    pub const ALL: [Self; 6] = [
        Self::FlagNew,
        Self::FlagOld,
        Self::NotCopied,
        Self::Behind,
        Self::CircuitOpen,
        Self::NewFailed,
    ];

    /// Where a read for this reason goes.
    pub fn side(self, primary: Side) -> Side {
        match self {
            Self::FlagNew => Side::New,
            Self::FlagOld => Side::Old,
            _ => primary,
        }
    }

    /// The flags say this side.
    fn flag(side: Side) -> Self {
        match side {
            Side::Old => Self::FlagOld,
            Side::New => Self::FlagNew,
        }
    }
}

/// A read that was not answered as things stood when it began.
enum Moved<E> {
    /// What it was shown may be of an epoch that has ended.
    Away,
    /// It failed, perhaps because the primary is another one by now.
    Perhaps(RouteError<E>),
    /// It failed, and would anywhere.
    Not(RouteError<E>),
}

impl Crossfade {
    /// Runs `work` on the database that this user reads from. If that is the secondary and fails, or the primary changes
    /// meanwhile, a clone of `work` runs once more within the same request: so it must only read.
    ///
    /// `earlier` is the position that the client brought from an earlier answer, if it did.
    pub async fn read<T, E>(
        &self,
        context: &RequestContext,
        earlier: Option<Position>,
        work: impl AsyncFnOnce(&mut AsyncPgConnection) -> Result<T, E> + Clone,
    ) -> Result<Read<T>, RouteError<E>> {
        let route = self.flags().route(context);
        log_decision(context, route);
        if let Some(earlier) = earlier
            && earlier.epoch() > self.standing().state().epoch
        {
            // Another server has answered this user in an epoch that we have not heard of.
            self.standing().has_moved_from(&self.standing().state()).await;
        }
        let wanted = if route.read { Side::New } else { Side::Old };
        let mut moves = 0;
        let (value, side, reason, seen) = loop {
            let state = self.standing().state();
            match self.read_in(&state, wanted, context, earlier, work.clone()).await {
                Err(Moved::Perhaps(error)) => {
                    if moves == MOST_MOVES || !self.standing().has_moved_from(&state).await {
                        return Err(error);
                    }
                }
                Err(Moved::Not(error)) => return Err(error),
                Err(Moved::Away) if moves < MOST_MOVES => {}
                Err(Moved::Away) => {
                    return Err(RouteError::Unavailable(DatabaseError::Unsettled {
                        side: state.primary(),
                    }));
                }
                Ok(answer) => break answer,
            }
            moves += 1;
        };
        log::debug!("Reading from the {side} database.");
        self.counts().read(reason);
        Ok(Read {
            value,
            side,
            reason,
            position: seen.map(|seen| earlier.map_or(seen, |earlier| earlier.and(seen))),
            compare: self.is_to_be_compared(context, reason),
        })
    }

    /// A read as things stood when it began.
    async fn read_in<T, E>(
        &self,
        state: &State,
        wanted: Side,
        context: &RequestContext,
        earlier: Option<Position>,
        work: impl AsyncFnOnce(&mut AsyncPgConnection) -> Result<T, E> + Clone,
    ) -> Result<(T, Side, ReadReason, Option<Position>), Moved<E>> {
        let primary = state.primary();
        let admitted = if wanted == primary {
            Err(ReadReason::flag(primary))
        } else {
            self.may_read_secondary(state, context, earlier).await
        };
        let answer = match admitted {
            Ok(pass) => self.try_secondary(primary.other(), pass, work.clone()).await,
            Err(reason) => Err(reason),
        };
        match answer {
            Ok(value) => Ok((value, wanted, ReadReason::flag(wanted), None)),
            Err(reason) => {
                let (value, seen) = self.read_primary(state, context, reason, work).await?;
                Ok((value, primary, reason, seen))
            }
        }
    }

    /// Asks the primary. A user whom the flags would send to the secondary is held from now on to what was pending then:
    /// the answer may have shown it. Of any other it is only noted that there was an answer.
    async fn read_primary<T, E>(
        &self,
        state: &State,
        context: &RequestContext,
        reason: ReadReason,
        work: impl AsyncFnOnce(&mut AsyncPgConnection) -> Result<T, E>,
    ) -> Result<(T, Option<Position>), Moved<E>> {
        let side = state.primary();
        let perhaps = |error| Moved::Perhaps(RouteError::Unavailable(error));
        let began = Instant::now();
        let mut connection = self.databases().connection(side).await.map_err(perhaps)?;
        let value = match work(&mut connection).await {
            Ok(value) => value,
            Err(error) if self.standing().is_wary() => return Err(Moved::Perhaps(RouteError::Work(error))),
            Err(error) => return Err(Moved::Not(RouteError::Work(error))),
        };
        self.latencies().took(side, Work::Read, began);
        self.databases().step(Step::Shown).await;
        // Asked after it has answered, so that what it showed was the primary's.
        if self.standing().is_wary() {
            let now = find_state(&mut connection, side).await;
            let now = now.map_err(|error| perhaps(error.into_database(side)))?;
            let epoch = now.map_or(0, |now| now.epoch);
            if epoch != state.epoch && state.stage != Stage::Completed {
                drop(connection);
                self.standing().has_moved_from(state).await;
                return Err(Moved::Away);
            }
        }
        let user = context.user_id();
        let seen = match (reason, state.stage) {
            (_, Stage::Completed) => Ok(None),
            _ if reason == ReadReason::flag(side) => {
                if let Some(user) = user {
                    self.recent_users().was_shown(user);
                }
                Ok(None)
            }
            (_, Stage::Syncing | Stage::Switched) => pending_now(&mut connection, state).await,
            // It may be captured without our knowing yet.
            (_, Stage::Idle) => position_of_everything(&mut connection, side).await.map(Some),
        };
        let seen = seen.map_err(perhaps)?.map(|seen| seen.in_epoch(state.epoch));
        if let (Some(user), Some(seen)) = (user, seen) {
            self.recent_users().must_see(user, seen);
        }
        Ok((value, seen))
    }

    /// Leave to ask the secondary for a user whose flags say so, or why not. It asks the primary only about users who
    /// wrote lately, or were shown something by it.
    async fn may_read_secondary(
        &self,
        state: &State,
        context: &RequestContext,
        earlier: Option<Position>,
    ) -> Result<Pass<'_>, ReadReason> {
        if !state.is_captured() || !state.copied {
            return Err(ReadReason::NotCopied);
        }
        let user = context.user_id();
        if let Some(user) = user {
            self.note_what_was_shown(state, user)
                .await
                .map_err(|_| ReadReason::Behind)?;
        }
        let known = user.and_then(|user| self.recent_users().position(user));
        for position in [known, earlier].into_iter().flatten() {
            match self.is_reached(state, position).await {
                Ok(true) => {
                    if let Some(user) = user {
                        self.recent_users().reached(user, position);
                    }
                }
                Ok(false) | Err(_) => return Err(ReadReason::Behind),
            }
        }
        let pass = self.circuit().try_pass().ok_or(ReadReason::CircuitOpen)?;
        self.databases().step(Step::Admitted).await;
        Ok(pass)
    }

    /// The flags sent this user to the primary until a moment ago: whatever is pending now may have been shown.
    async fn note_what_was_shown(&self, state: &State, user: &str) -> Result<(), DatabaseError> {
        if let Some(serving) = self.recent_users().last_shown(user) {
            let side = state.primary();
            let mut primary = self.databases().connection(side).await?;
            if let Some(pending) = pending_now(&mut primary, state).await? {
                self.recent_users().must_see(user, pending.in_epoch(state.epoch));
            }
            self.recent_users().is_noted(user, serving);
        }
        Ok(())
    }

    /// Whether everything up to `position` is on the secondary. What is of an earlier epoch is, since that has ended.
    pub(super) async fn is_reached(&self, state: &State, position: Position) -> Result<bool, DatabaseError> {
        match position.epoch().cmp(&state.epoch) {
            Ordering::Less => Ok(true),
            Ordering::Greater => Ok(false),
            Ordering::Equal if state.transport == Transport::PublishSubscribe => match self.stream() {
                Some(stream) if stream.epoch() == state.epoch => Ok(stream.is_reached(position)),
                _ => Ok(false),
            },
            Ordering::Equal => {
                let mut primary = self.databases().connection(state.primary()).await?;
                position_is_reached(&mut primary, state.primary(), position).await
            }
        }
    }

    /// What the secondary answers, if it does in time. An error may be the request's own fault: then the primary says so
    /// too.
    async fn try_secondary<T, E>(
        &self,
        side: Side,
        pass: Pass<'_>,
        work: impl AsyncFnOnce(&mut AsyncPgConnection) -> Result<T, E>,
    ) -> Result<T, ReadReason> {
        let began = Instant::now();
        let deadline = tokio::time::Instant::from_std(began) + self.options().read_deadline;
        let connection = tokio::time::timeout_at(deadline, self.databases().connection(side)).await;
        let Ok(Ok(mut connection)) = connection else {
            pass.failed();
            return Err(ReadReason::NewFailed);
        };
        let answer = tokio::time::timeout_at(deadline, work(&mut connection)).await;
        self.latencies().took(side, Work::Read, began);
        match answer {
            Ok(Ok(value)) => {
                pass.succeeded();
                return Ok(value);
            }
            Ok(Err(_)) if connection_is_alive(&mut connection).await => pass.succeeded(),
            _ => {
                pass.failed();
                // Its statement may still be running: nobody else should wait behind it.
                drop(Connection::take(connection));
            }
        }
        Err(ReadReason::NewFailed)
    }
}

/// What is pending on the primary now: whatever it has just shown is in it.
async fn pending_now(
    connection: &mut AsyncPgConnection,
    state: &State,
) -> Result<Option<Position>, DatabaseError> {
    match state.transport {
        Transport::Journal => pending_position(connection, state.primary()).await,
        Transport::PublishSubscribe => position_now(connection, state.primary()).await.map(Some),
    }
}

/// Tells an error of the statement from the loss of the connection, which the caller's error type may hide.
async fn connection_is_alive(connection: &mut Connection) -> bool {
    use diesel_async::SimpleAsyncConnection;
    let question = connection.batch_execute("select 1");
    matches!(
        tokio::time::timeout(std::time::Duration::from_millis(500), question).await,
        Ok(Ok(()))
    )
}
