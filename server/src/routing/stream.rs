//! This server's part in the transport `publish-subscribe`, in one epoch: it learns how far the secondary has come, sees
//! that the other side follows, and keeps an eye on what breaks the stream.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use tokio::sync::Notify;

use crate::databases::{DatabaseError, Databases, Side, with_causes};
use crate::sync::handover::try_alone;
use crate::sync::publish_subscribe::{
    Direction, Limits, Markers, PublishSubscribeError, Seen, Trouble, Watch, is_subscribed, is_there,
    not_copied, note_trouble, position_now, turn_round,
};
use crate::sync::{Position, State, find_state};

use super::recent_users::RecentUsers;

/// The stream away from the primary of one epoch.
pub(super) struct Stream {
    databases: Databases,
    users: Arc<RecentUsers>,
    direction: Direction,
    epoch: i64,
    markers: Markers,
    /// Up to this place in its log everything of the primary's is known to be on the secondary.
    reached: AtomicI64,
    /// The secondary was waited for in vain, and nothing has come from there since.
    is_late: AtomicBool,
    /// Somebody was held up by what may have arrived meanwhile.
    asked: Notify,
    /// Sees what breaks it, from when both ends were seen to.
    watch: OnceLock<Watch>,
}

/// How often to see how far the secondary is, if nobody asks; and how often at most.
const LOOK_EVERY: Duration = Duration::from_millis(250);
const LOOK_AT_MOST_EVERY: Duration = Duration::from_millis(5);
/// How long a marker may take.
const LONGEST_LOOK: Duration = Duration::from_secs(1);
/// How often to see to both ends.
const TEND_EVERY: Duration = Duration::from_secs(1);

impl Stream {
    /// Whether this migration has a stream that the secondary may be asked by.
    pub(super) fn belongs_to(state: &State) -> bool {
        use crate::sync::Transport;
        state.is_captured() && state.copied && state.transport == Transport::PublishSubscribe
    }

    /// Follows the stream of this epoch on the current runtime, until it is dropped.
    pub(super) fn start(databases: &Databases, users: &Arc<RecentUsers>, state: &State) -> Arc<Self> {
        let direction = Direction::from_primary(state.primary());
        let stream = Arc::new(Self {
            databases: databases.clone(),
            users: users.clone(),
            direction,
            epoch: state.epoch,
            markers: Markers::start(databases, direction),
            reached: AtomicI64::new(0),
            is_late: AtomicBool::new(false),
            asked: Notify::new(),
            watch: OnceLock::new(),
        });
        tokio::spawn(keep_looking(Arc::downgrade(&stream)));
        tokio::spawn(keep_tending(Arc::downgrade(&stream)));
        stream
    }

    pub(super) fn epoch(&self) -> i64 {
        self.epoch
    }

    pub(super) fn primary(&self) -> Side {
        self.direction.publisher()
    }

    /// Waits until the secondary has everything that has been committed until now; false if it has not in time. Who
    /// comes while it is late does not wait.
    pub(super) async fn applied_within(&self, deadline: Duration) -> bool {
        if self.is_late.load(Ordering::Relaxed) {
            return false;
        }
        let applied = self.markers.applied_within(deadline).await;
        if !applied {
            self.is_late.store(true, Ordering::Relaxed);
        }
        applied
    }

    /// Whether everything up to this position, which is of this epoch, is known to be on the secondary.
    pub(super) fn is_reached(&self, position: Position) -> bool {
        let is_reached = position.last() <= self.reached.load(Ordering::Acquire);
        if !is_reached {
            self.asked.notify_one();
        }
        is_reached
    }

    /// Sees how far the secondary is, and forgets users whom it is up to.
    async fn look(&self) -> Result<(), DatabaseError> {
        let shown = self.users.latest_serving();
        let primary = self.primary();
        let place = {
            let mut connection = self.databases.mirror_session(primary).await?;
            position_now(&mut connection, primary).await?.last()
        };
        if !self.markers.applied_within(LONGEST_LOOK).await {
            return Ok(());
        }
        self.is_late.store(false, Ordering::Relaxed);
        self.reached.fetch_max(place, Ordering::AcqRel);
        // Both are the first place that is not reached, or was not written.
        self.users.forget(
            self.epoch,
            shown,
            place.saturating_add(1),
            place.saturating_add(1),
        );
        Ok(())
    }

    /// Finishes a turn that was decided, and clears away what is left of one that was not. Nobody else acts meanwhile.
    async fn tend(&self) -> Result<(), PublishSubscribeError> {
        let databases = &self.databases;
        if is_subscribed(databases, self.direction).await?
            && !is_there(databases, self.direction.reversed()).await?
        {
            return Ok(());
        }
        let Some(_alone) = try_alone(databases).await? else {
            return Ok(());
        };
        let primary = self.primary();
        let state = {
            let mut connection = databases.mirror_session(primary).await?;
            let found = find_state(&mut connection, primary).await;
            found.map_err(|error| error.into_database(primary))?
        };
        let is_ours =
            |state: &State| state.is_primary && state.epoch == self.epoch && Self::belongs_to(state);
        if state.as_ref().is_some_and(is_ours) && turn_round(databases, self.direction).await? {
            log::info!("{} follows", primary.other());
        }
        Ok(())
    }

    /// Keeps what the watch has seen in the record.
    async fn note(&self, before: Option<&Seen>, now: &Seen) -> Result<(), DatabaseError> {
        let known = before.map(|seen| seen.standing.as_slice()).unwrap_or_default();
        let has =
            |troubles: &[Trouble], one: &Trouble| troubles.iter().any(|trouble| trouble.code == one.code);
        for trouble in now.standing.iter().filter(|trouble| !has(known, trouble)) {
            note_trouble(&self.databases, self.direction, trouble, false).await?;
        }
        for trouble in known.iter().filter(|trouble| !has(&now.standing, trouble)) {
            note_trouble(&self.databases, self.direction, trouble, true).await?;
        }
        if now.given_up {
            not_copied(&self.databases, self.direction).await?;
        }
        Ok(())
    }
}

async fn keep_looking(stream: Weak<Stream>) {
    loop {
        let Some(looking) = stream.upgrade() else { return };
        if let Err(error) = looking.look().await {
            log::debug!("how far the secondary is cannot be seen: {}", with_causes(&error));
        }
        // Nobody is woken by what is dropped: so the wait is short.
        _ = tokio::time::timeout(LOOK_EVERY, looking.asked.notified()).await;
        drop(looking);
        tokio::time::sleep(LOOK_AT_MOST_EVERY).await;
    }
}

async fn keep_tending(stream: Weak<Stream>) {
    let mut noted: Option<Arc<Seen>> = None;
    let mut complaint = String::new();
    loop {
        let Some(tending) = stream.upgrade() else { return };
        match tending.tend().await {
            Ok(()) => {
                complaint.clear();
                tending.watch.get_or_init(|| {
                    let markers = tending.markers.clone();
                    Watch::start(&tending.databases, tending.direction, markers, Limits::default())
                });
            }
            Err(error) => {
                let error = with_causes(&error);
                if error != complaint {
                    log::warn!("the stream {} is not seen to yet: {error}", tending.direction);
                }
                complaint = error;
            }
        }
        if let Some(now) = tending.watch.get().and_then(Watch::seen)
            && noted.as_ref().is_none_or(|before| !Arc::ptr_eq(before, &now))
        {
            match tending.note(noted.as_deref(), &now).await {
                Ok(()) => noted = Some(now),
                Err(error) => log::debug!(
                    "what was seen of the stream is not noted yet: {}",
                    with_causes(&error)
                ),
            }
        }
        drop(tending);
        tokio::time::sleep(TEND_EVERY).await;
    }
}
