//! Looks at a direction now and then, tells what is wrong, and gives up before the publisher's disk is at risk.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use super::{Direction, Markers, PublishSubscribeError, Status, Trouble, end, status, troubles};
use crate::databases::{Databases, with_causes};

/// How much log the publisher may keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Beyond it, whoever operates is told.
    pub alarm_bytes: i64,
    /// Beyond it, the slot is dropped: the copy must begin again, and the publisher goes on.
    pub abort_bytes: i64,
    /// How often to look.
    pub every: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            alarm_bytes: 4 << 30,
            abort_bytes: 16 << 30,
            every: Duration::from_secs(1),
        }
    }
}

/// What was seen last.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// How far it had come.
    pub status: Status,
    /// What was wrong.
    pub troubles: Vec<Trouble>,
    /// Of that, what had been wrong at the look before too: while the stream turns round, things are missing for a moment.
    pub standing: Vec<Trouble>,
    /// True once the transport was given up, since the publisher kept too much log.
    pub given_up: bool,
}

/// Looks at a direction until it is dropped.
#[derive(Debug)]
pub struct Watch {
    seen: Arc<ArcSwapOption<Seen>>,
    stop: watch::Sender<()>,
}

impl Watch {
    /// Begins on the current runtime. The markers serve as the heartbeat: a slot that looks healthy proves nothing.
    #[must_use]
    pub fn start(databases: &Databases, direction: Direction, markers: Markers, limits: Limits) -> Self {
        let seen = Arc::new(ArcSwapOption::empty());
        let (stop, mut stopped) = watch::channel(());
        let (seeing, databases) = (seen.clone(), databases.clone());
        tokio::spawn(async move {
            let watching = keep_watching(&databases, direction, &markers, &limits, &seeing);
            tokio::select! {
                () = watching => {}
                _ = stopped.changed() => {}
            }
        });
        Self { seen, stop }
    }

    /// What was seen last; nothing before the first look.
    #[must_use]
    pub fn seen(&self) -> Option<Arc<Seen>> {
        self.seen.load_full()
    }

    /// Ends it.
    pub fn stop(&self) {
        self.stop.send_replace(());
    }
}

async fn keep_watching(
    databases: &Databases,
    direction: Direction,
    markers: &Markers,
    limits: &Limits,
    seen: &ArcSwapOption<Seen>,
) {
    let mut ticks = interval(limits.every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut before: Option<Seen> = None;
    loop {
        ticks.tick().await;
        // Whether it has come is in the status; here it is only set, within the time until the next look.
        _ = tokio::time::timeout(limits.every, markers.mark()).await;
        match look(databases, direction, limits, before.as_ref()).await {
            Ok(now) => {
                tell(direction, before.as_ref(), &now);
                let given_up = now.given_up;
                seen.store(Some(Arc::new(now.clone())));
                before = Some(now);
                if given_up {
                    return;
                }
            }
            Err(error) => log::warn!(
                "the stream {direction} cannot be looked at: {}",
                with_causes(&error)
            ),
        }
    }
}

async fn look(
    databases: &Databases,
    direction: Direction,
    limits: &Limits,
    before: Option<&Seen>,
) -> Result<Seen, PublishSubscribeError> {
    let now = status(databases, direction).await?;
    let troubles = troubles(databases, limits, before.map(|seen| &seen.status), &now).await?;
    let known = before.map(|seen| seen.troubles.as_slice()).unwrap_or_default();
    let standing: Vec<Trouble> = troubles
        .iter()
        .filter(|trouble| has(known, trouble))
        .cloned()
        .collect();
    let kept = now.slot.as_ref().and_then(|slot| slot.retained_bytes);
    let given_up = kept.is_some_and(|kept| kept > limits.abort_bytes);
    if given_up {
        let ended = end(databases, direction).await?;
        log::error!(
            "the stream {direction} is given up, since {} kept {} MB of log for it; dropped: {}",
            direction.publisher(),
            kept.unwrap_or(0) >> 20,
            ended.dropped_slots.join(", ")
        );
    }
    Ok(Seen {
        status: now,
        troubles,
        standing,
        given_up,
    })
}

fn has(troubles: &[Trouble], one: &Trouble) -> bool {
    troubles.iter().any(|trouble| trouble.code == one.code)
}

/// Each trouble that stands is logged when it comes, and its end when it goes.
fn tell(direction: Direction, before: Option<&Seen>, now: &Seen) {
    let before = before.map(|seen| seen.standing.as_slice()).unwrap_or_default();
    for trouble in now.standing.iter().filter(|trouble| !has(before, trouble)) {
        log::error!("the stream {direction} is in trouble: {trouble}");
    }
    for trouble in before.iter().filter(|trouble| !has(&now.standing, trouble)) {
        log::info!("the stream {direction} is over its trouble: {}", trouble.message);
    }
}
