//! The switch and the rollback: the other database becomes the primary.

use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::json;

use crate::databases::{Side, Step, with_causes};
use crate::sync::answers::carry_over;
use crate::sync::handover::install_fence;
use crate::sync::journal::{Workers, WorkersOptions, install_on_secondary, pending};
use crate::sync::publish_subscribe::{Direction, begin_record_on_secondary, turn_round};
use crate::sync::{Stage, State, Transport};

use super::fence::{Fence, Remainder};
use super::gates::{Gates, examine};
use super::progress::Tell;
use super::rules::Rules;
use super::servers::{announce, withdraw};
use super::{MigrationError, Operator, Progress, stream};

/// How a turn is to be done.
#[derive(Debug, Clone)]
pub struct TurnOptions {
    /// How old the last verification may be.
    pub verified_within: Duration,
    /// What is known of the rules; a switch is refused without.
    pub rules: Option<Rules>,
    /// For how long writers may be kept waiting.
    pub longest_fence: Duration,
    /// What it means that the structures of both databases differ.
    pub differences: Differences,
}

/// What differences between the structures of both databases mean for a switch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Differences {
    /// It is refused.
    #[default]
    Refused,
    /// The operator knows of them.
    Accepted,
}

impl Default for TurnOptions {
    fn default() -> Self {
        Self {
            verified_within: Duration::from_hours(1),
            rules: None,
            longest_fence: Duration::from_secs(2),
            differences: Differences::default(),
        }
    }
}

/// A turn that is done.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Turned {
    /// The primary now.
    pub primary: Side,
    /// The epoch.
    pub epoch: i64,
    /// It had been done before.
    pub before: bool,
    /// How long writers waited, in milliseconds.
    pub fence_ms: f64,
    /// How often the tables had to be asked for.
    pub attempts: u32,
    /// Servers that had acknowledged.
    pub servers: usize,
    /// Sequences that were moved.
    pub sequences: usize,
}

/// Makes new the primary; old follows from then on.
pub async fn switch(
    operator: &Operator,
    options: &TurnOptions,
    tell: Tell<'_>,
) -> Result<Turned, MigrationError> {
    Box::pin(turn(operator, Side::New, options, tell)).await
}

/// Makes old the primary again, with everything that was written since.
pub async fn rollback(
    operator: &Operator,
    options: &TurnOptions,
    tell: Tell<'_>,
) -> Result<Turned, MigrationError> {
    Box::pin(turn(operator, Side::Old, options, tell)).await
}

/// What keeps `to` from becoming the primary now.
pub async fn gates(operator: &Operator, to: Side, options: &TurnOptions) -> Result<Gates, MigrationError> {
    let state = operator.standing().await?;
    Box::pin(examine(operator, &state, to, options)).await
}

/// What a moment can drain.
const FEW: i64 = 500;
/// How long it may take until so few are pending.
const CATCH_UP: Duration = Duration::from_mins(1);
const ASK_EVERY: Duration = Duration::from_millis(20);

async fn turn(
    operator: &Operator,
    to: Side,
    options: &TurnOptions,
    tell: Tell<'_>,
) -> Result<Turned, MigrationError> {
    let _alone = operator.alone().await?;
    let state = operator.standing().await?;
    if state.is_captured() && state.primary() == to {
        if state.transport == Transport::PublishSubscribe {
            follow(operator, to, tell).await?;
        }
        return Ok(Turned {
            primary: to,
            epoch: state.epoch,
            before: true,
            fence_ms: 0.0,
            attempts: 0,
            servers: 0,
            sequences: 0,
        });
    }
    let wanted = Stage::with_primary(to.other());
    if state.stage != wanted {
        return Err(MigrationError::WrongStage {
            stage: state.stage,
            wanted: wanted.name(),
        });
    }
    let gates = examine(operator, &state, to, options).await?;
    if !gates.are_open() {
        return Err(MigrationError::Refused(gates));
    }
    let turned = prepared_turn(operator, &state, to, options, tell).await;
    if turned.is_err()
        && let Err(error) = withdraw(operator, state.primary()).await
    {
        log::warn!(
            "the announcement stays until the command is given again: {}",
            with_causes(&error)
        );
    }
    if turned.is_err() && state.transport == Transport::PublishSubscribe {
        call_off_if_undone(operator, &state).await;
    }
    turned
}

/// Whether it was undone is what both records say; if they cannot, what was prepared stays until they can.
async fn call_off_if_undone(operator: &Operator, before: &State) {
    if let Ok(now) = operator.standing().await
        && now.epoch == before.epoch
    {
        stream::call_off(
            &operator.databases,
            Direction::from_primary(before.primary()).reversed(),
        )
        .await;
    }
}

/// The other side follows the new primary from now on. Servers see to it too.
async fn follow(operator: &Operator, primary: Side, tell: Tell<'_>) -> Result<(), MigrationError> {
    if turn_round(&operator.databases, Direction::from_primary(primary)).await? {
        tell(&Progress::Follows {
            side: primary.other(),
        });
    }
    Ok(())
}

async fn prepared_turn(
    operator: &Operator,
    state: &State,
    to: Side,
    options: &TurnOptions,
    tell: Tell<'_>,
) -> Result<Turned, MigrationError> {
    let (databases, from, epoch) = (&operator.databases, state.primary(), state.epoch + 1);
    let direction = Direction::from_primary(from);
    match state.transport {
        Transport::Journal => {
            let captured = install_on_secondary(databases, to).await?;
            tell(&Progress::Captured {
                side: to,
                tables: captured.len(),
            });
        }
        Transport::PublishSubscribe => {
            begin_record_on_secondary(databases, to).await?;
            tell(&Progress::Reserving);
            stream::prepare_turn(databases, direction).await?;
        }
    }
    install_fence(databases, from).await?;
    let carried = carry_over(databases, from, None).await?;
    databases.step(Step::TurnPrepared).await;
    let servers = announce(operator, state, epoch, tell).await?;
    databases.step(Step::TurnAnnounced).await;
    let remainder = match state.transport {
        Transport::Journal => {
            catch_up(operator, from).await?;
            Remainder::Journal
        }
        Transport::PublishSubscribe => Remainder::Stream { direction },
    };
    let fence = Fence {
        remainder,
        operator,
        from,
        epoch,
        carried,
        what: if to == Side::New { "switch" } else { "rollback" },
        longest: options.longest_fence,
    };
    let fenced = fence.turn(tell).await?;
    let turned = Turned {
        primary: to,
        epoch,
        before: false,
        fence_ms: fenced.took.as_secs_f64() * 1_000.0,
        attempts: fenced.attempts,
        servers,
        sequences: fenced.sequences,
    };
    tell(&Progress::Finished {
        primary: to,
        fence_ms: u64::try_from(fenced.took.as_millis()).unwrap_or(u64::MAX),
    });
    // The turn is done, whatever becomes of what follows.
    if state.transport == Transport::PublishSubscribe
        && let Err(error) = follow(operator, to, tell).await
    {
        log::warn!(
            "{from} does not follow yet; the servers try again, and so does the same command: {}",
            with_causes(&error)
        );
    }
    match databases.mirror_session(to).await {
        Ok(mut connection) => {
            let details =
                json!({ "primary": to, "epoch": epoch, "fence_ms": turned.fence_ms, "servers": servers });
            if let Err(error) = operator.note(&mut connection, to, "turned", &details).await {
                log::warn!("how long the fence took is not noted: {}", with_causes(&error));
            }
        }
        Err(error) => log::warn!("how long the fence took is not noted: {}", with_causes(&error)),
    }
    Ok(turned)
}

/// Waits until what is pending is little enough for the fence; mirrors it too, since no server may be running.
async fn catch_up(operator: &Operator, from: Side) -> Result<(), MigrationError> {
    let options = WorkersOptions::default();
    let workers = Workers::start(&operator.databases, &operator.catalog, from, options);
    let caught_up = caught_up(operator, from).await;
    workers.stop().await;
    caught_up
}

async fn caught_up(operator: &Operator, from: Side) -> Result<(), MigrationError> {
    let began = Instant::now();
    loop {
        let pending = pending(&operator.databases, from).await?;
        if pending.entries <= FEW {
            return Ok(());
        }
        if began.elapsed() > CATCH_UP {
            return Err(MigrationError::NotDrained {
                entries: pending.entries,
                waited_ms: 0,
            });
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}
