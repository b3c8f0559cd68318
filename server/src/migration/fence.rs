//! The moment in which the primary changes: nobody writes, everything is drained, and one commit decides.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::databases::{DatabaseError, Side, Statement, Step, begin, commit, roll_back, with_causes};
use crate::sync::answers::{Carried, carry_over};
use crate::sync::handover::{
    HandoverError, carry_sequences, decide, finish, lock_for_handover, sequences, standing, take_over,
};
use crate::sync::journal::{drain, pending};
use crate::sync::publish_subscribe::{Direction, Drain};

use super::progress::Tell;
use super::stream::catch_up;
use super::{MigrationError, Operator, Progress};

/// A turn that is prepared.
pub(super) struct Fence<'o> {
    pub(super) operator: &'o Operator,
    /// The primary until now.
    pub(super) from: Side,
    /// The epoch that is to begin.
    pub(super) epoch: i64,
    /// The answers that were carried over before.
    pub(super) carried: Option<Carried>,
    /// What is left to be brought to the other side behind it.
    pub(super) remainder: Remainder,
    /// What the record calls it.
    pub(super) what: &'static str,
    /// For how long writers may be kept waiting.
    pub(super) longest: Duration,
}

/// What is left to be brought to the other side while nobody writes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Remainder {
    /// What is in the journal.
    Journal,
    /// What is under way in the stream.
    Stream {
        /// Which way it goes.
        direction: Direction,
    },
}

/// A turn that is done.
pub(super) struct Fenced {
    /// From the moment in which the first writer may have had to wait to the last.
    pub(super) took: Duration,
    /// How often the tables were found in use.
    pub(super) attempts: u32,
    /// Sequences that were moved.
    pub(super) sequences: usize,
}

/// How long it is tried to find the tables free for a moment.
const ATTEMPTS: u32 = 60;
const LONGEST_REST: Duration = Duration::from_secs(2);
const FIRST_REST: Duration = Duration::from_millis(100);

impl Fence<'_> {
    /// Tries until the tables are free for a moment; in between, everybody writes as before.
    pub(super) async fn turn(&self, tell: Tell<'_>) -> Result<Fenced, MigrationError> {
        let mut attempts = 1;
        loop {
            match self.attempt(tell).await {
                Err(MigrationError::Handover(HandoverError::Busy { side, .. })) => {
                    if attempts == ATTEMPTS {
                        let holders = self.holders(side).await?;
                        return Err(MigrationError::Busy {
                            side,
                            attempts,
                            holders,
                        });
                    }
                    tell(&Progress::Retrying { attempts });
                    tokio::time::sleep((FIRST_REST * attempts).min(LONGEST_REST)).await;
                    attempts += 1;
                }
                Ok(fenced) => return Ok(Fenced { attempts, ..fenced }),
                Err(error) => return Err(error),
            }
        }
    }

    async fn attempt(&self, tell: Tell<'_>) -> Result<Fenced, MigrationError> {
        let (databases, from, to) = (&self.operator.databases, self.from, self.from.other());
        let mut primary = databases.mirror_session(from).await?;
        let mut secondary = databases.mirror_session(to).await?;
        let drain = match self.remainder {
            Remainder::Journal => None,
            Remainder::Stream { direction } => Some(catch_up(databases, direction).await?),
        };
        begin(&mut primary, from).await?;
        let began = Instant::now();
        let ready = match lock_for_handover(&mut primary, from, "exclusive").await {
            Ok(()) => {
                tell(&Progress::Fenced);
                databases.step(Step::TurnFenced).await;
                self.make_ready(&mut primary, &mut secondary, drain, began, tell)
                    .await
            }
            Err(error) => Err(error.into()),
        };
        let moved = match ready {
            Ok(moved) => moved,
            Err(error) => {
                roll_back(&mut primary, from).await;
                roll_back(&mut secondary, to).await;
                return Err(error);
            }
        };
        databases.step(Step::TurnReady).await;
        let decided = commit(&mut primary, from).await;
        if let Err(error) = decided {
            // It may have been committed or not. What is open on the other side must not be in the way of the answer.
            roll_back(&mut secondary, to).await;
            self.find_out(error).await?;
        } else {
            tell(&Progress::Decided { epoch: self.epoch });
            databases.step(Step::TurnDecided).await;
            if let Err(error) = commit(&mut secondary, to).await {
                log::warn!("the turn is finished once more: {}", with_causes(&error));
                finish(databases, self.epoch).await?;
            }
        }
        databases.step(Step::TurnFinished).await;
        Ok(Fenced {
            took: began.elapsed(),
            attempts: 1,
            sequences: moved,
        })
    }

    /// Everything that must be so before the decision, with both transactions left open; how many sequences were moved.
    async fn make_ready(
        &self,
        primary: &mut diesel_async::AsyncPgConnection,
        secondary: &mut diesel_async::AsyncPgConnection,
        stream: Option<Drain>,
        began: Instant,
        tell: Tell<'_>,
    ) -> Result<usize, MigrationError> {
        let (databases, from, to) = (&self.operator.databases, self.from, self.from.other());
        let tables = uncaptured(primary, from).await?;
        if !tables.is_empty() {
            return Err(MigrationError::NotCaptured { side: from, tables });
        }
        let left = self.longest.saturating_sub(began.elapsed());
        if let Some(stream) = stream {
            stream.wait_and_turn(left).await?;
        } else if !drain(databases, &self.operator.catalog, from, left).await? {
            return Err(MigrationError::NotDrained {
                entries: pending(databases, from).await?.entries,
                waited_ms: began.elapsed().as_millis(),
            });
        }
        tell(&Progress::Drained);
        databases.step(Step::TurnDrained).await;
        carry_over(databases, from, self.carried.as_ref()).await?;
        let given = sequences(primary, from).await?;
        let moved = carry_sequences(&given, secondary, to).await?;
        databases.step(Step::TurnCarried).await;
        begin(secondary, to).await?;
        take_over(secondary, to, self.epoch).await?;
        self.operator
            .note(
                primary,
                from,
                self.what,
                &json!({ "epoch": self.epoch, "sequences": moved }),
            )
            .await?;
        decide(primary, from, self.epoch).await?;
        Ok(moved)
    }

    /// Whether the decision was committed, by what both records say; it is finished if it was.
    async fn find_out(&self, lost: DatabaseError) -> Result<(), MigrationError> {
        match standing(&self.operator.databases, self.from).await {
            Ok(state) if state.epoch >= self.epoch => Ok(()),
            Ok(_) => Err(lost.into()),
            Err(source) => Err(MigrationError::Undecided {
                epoch: self.epoch,
                side: self.from,
                source: Box::new(source),
            }),
        }
    }

    /// Who keeps the tables, for the operator to look at.
    async fn holders(&self, side: Side) -> Result<String, MigrationError> {
        let mut connection = self.operator.databases.mirror_session(side).await?;
        let holders = Statement::new(include_str!("holders.sql"))
            .texts_of_rows(&mut connection)
            .await
            .map_err(DatabaseError::statement(side))?;
        let holders: Vec<String> = holders.into_iter().flatten().collect();
        Ok(if holders.is_empty() {
            "none is open at the moment".to_owned()
        } else {
            holders.join("; ")
        })
    }
}

/// Tables that came after capture was installed, or are not copied.
pub(super) async fn uncaptured(
    connection: &mut diesel_async::AsyncPgConnection,
    side: Side,
) -> Result<Vec<String>, DatabaseError> {
    let tables = Statement::new(include_str!("uncaptured.sql"))
        .texts_of_rows(connection)
        .await
        .map_err(DatabaseError::statement(side))?;
    Ok(tables.into_iter().flatten().collect())
}
