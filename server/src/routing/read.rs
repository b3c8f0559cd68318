//! A read: from the new database where the flags say so and it is up to it, else from the primary.

use std::time::Instant;

use diesel_async::AsyncPgConnection;
use serde::Serialize;

use crate::databases::{Connection, DatabaseError, Side, Step};
use crate::flags::RequestContext;
use crate::sync::journal::{pending_position, position_is_reached, position_of_everything};
use crate::sync::{Position, Stage};

use super::circuit::Pass;
use super::crossfade::Crossfade;
use super::decide::{RouteError, log_decision};
use super::latency::Work;

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
    /// Old: existing rows are not all copied yet, or nothing is synchronised.
    NotCopied,
    /// Old: the user has written what new does not have yet.
    Behind,
    /// Old: new has failed lately and is not asked.
    CircuitOpen,
    /// Old: new was asked and failed.
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
    pub fn side(self) -> Side {
        match self {
            Self::FlagNew => Side::New,
            _ => Side::Old,
        }
    }
}

impl Crossfade {
    /// Runs `work` on the database that this user reads from. If new fails, a clone of `work` runs on old within
    /// the same request: so it must only read.
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
        let admitted = if route.read {
            self.may_read_new(context, earlier).await
        } else {
            Err(ReadReason::FlagOld)
        };
        let answer = match admitted {
            Ok(pass) => self.try_new(pass, work.clone()).await,
            Err(reason) => Err(reason),
        };
        let (value, reason, seen) = match answer {
            Ok(value) => (value, ReadReason::FlagNew, None),
            Err(reason) => {
                let (value, seen) = self.read_primary(context, reason, work).await?;
                (value, reason, seen)
            }
        };
        log::debug!("Reading from the {} database.", reason.side());
        self.counts().read(reason);
        Ok(Read {
            value,
            side: reason.side(),
            reason,
            position: seen.map(|seen| earlier.map_or(seen, |earlier| earlier.and(seen))),
            compare: self.is_to_be_compared(context, reason),
        })
    }

    /// Asks the primary. A user whom the flags would send to new is held from now on to what was pending then:
    /// the answer may have shown it. Of any other it is only noted that there was an answer.
    async fn read_primary<T, E>(
        &self,
        context: &RequestContext,
        reason: ReadReason,
        work: impl AsyncFnOnce(&mut AsyncPgConnection) -> Result<T, E>,
    ) -> Result<(T, Option<Position>), RouteError<E>> {
        let side = self.primary();
        let began = Instant::now();
        let mut connection = self
            .databases()
            .connection(side)
            .await
            .map_err(RouteError::Unavailable)?;
        let value = work(&mut connection).await.map_err(RouteError::Work)?;
        self.latencies().took(side, Work::Read, began);
        self.databases().step(Step::Shown).await;
        let user = context.user_id();
        let seen = match (reason, self.stage()) {
            (_, Stage::Switched | Stage::Completed) => Ok(None),
            (ReadReason::FlagOld, _) => {
                if let Some(user) = user {
                    self.recent_users().was_shown(user);
                }
                Ok(None)
            }
            (_, Stage::Syncing) => pending_position(&mut connection, side).await,
            // It may be captured without our knowing yet.
            (_, Stage::Idle) => position_of_everything(&mut connection, side).await.map(Some),
        };
        let seen = seen.map_err(RouteError::Unavailable)?;
        if let (Some(user), Some(seen)) = (user, seen) {
            self.recent_users().must_see(user, seen);
        }
        Ok((value, seen))
    }

    /// Leave to ask new for a user whose flags say so, or why not. It asks the primary only about users who wrote
    /// lately, or were shown something by it.
    async fn may_read_new(
        &self,
        context: &RequestContext,
        earlier: Option<Position>,
    ) -> Result<Pass<'_>, ReadReason> {
        if self.stage() != Stage::Syncing || !self.is_copied() {
            return Err(ReadReason::NotCopied);
        }
        let user = context.user_id();
        if let Some(user) = user {
            self.note_what_was_shown(user)
                .await
                .map_err(|_| ReadReason::Behind)?;
        }
        let known = user.and_then(|user| self.recent_users().position(user));
        for position in [known, earlier].into_iter().flatten() {
            match self.is_reached(position).await {
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
    async fn note_what_was_shown(&self, user: &str) -> Result<(), DatabaseError> {
        if let Some(serving) = self.recent_users().last_shown(user) {
            let mut primary = self.databases().connection(self.primary()).await?;
            if let Some(pending) = pending_position(&mut primary, self.primary()).await? {
                self.recent_users().must_see(user, pending);
            }
            self.recent_users().is_noted(user, serving);
        }
        Ok(())
    }

    /// Whether everything up to `position` is on the secondary.
    pub(super) async fn is_reached(&self, position: Position) -> Result<bool, DatabaseError> {
        let mut primary = self.databases().connection(self.primary()).await?;
        position_is_reached(&mut primary, self.primary(), position).await
    }

    /// What new answers, if it does in time. An error may be the request's own fault: then old says so too.
    async fn try_new<T, E>(
        &self,
        pass: Pass<'_>,
        work: impl AsyncFnOnce(&mut AsyncPgConnection) -> Result<T, E>,
    ) -> Result<T, ReadReason> {
        let began = Instant::now();
        let deadline = tokio::time::Instant::from_std(began) + self.options().read_deadline;
        let connection = tokio::time::timeout_at(deadline, self.databases().connection(Side::New)).await;
        let Ok(Ok(mut connection)) = connection else {
            pass.failed();
            return Err(ReadReason::NewFailed);
        };
        let answer = tokio::time::timeout_at(deadline, work(&mut connection)).await;
        self.latencies().took(Side::New, Work::Read, began);
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

/// Tells an error of the statement from the loss of the connection, which the caller's error type may hide.
async fn connection_is_alive(connection: &mut Connection) -> bool {
    use diesel_async::SimpleAsyncConnection;
    let question = connection.batch_execute("select 1");
    matches!(
        tokio::time::timeout(std::time::Duration::from_millis(500), question).await,
        Ok(Ok(()))
    )
}
