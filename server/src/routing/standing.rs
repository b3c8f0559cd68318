//! The migration's record, as this server last saw it. Requests read it from memory.
//!
//! A server that is about to be told of a new primary, or that could not renew its lease, is *wary*: it checks the
//! record once more whenever the primary has shown something to a user.

use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use tokio::sync::watch;

use crate::databases::{Databases, with_causes};
use crate::flags::Flags;
use crate::sync::handover::{HandoverError, is_retired, standing};
use crate::sync::journal::{ended_and_begun_before, reached_before};
use crate::sync::servers::{Lease, RENEWED_EVERY, TRUSTED_FOR, end, renew};
use crate::sync::{Stage, State, Transport, find_state};

use super::counts::Counts;
use super::recent_users::RecentUsers;
use super::stream::Stream;

/// Follows the record in the background.
#[derive(Clone)]
pub(super) struct Standing(Arc<Inner>);

struct Inner {
    databases: Databases,
    users: Arc<RecentUsers>,
    flags: Flags,
    counts: Arc<Counts>,
    id: String,
    state: ArcSwap<State>,
    /// The epoch, and whether its changes are streamed.
    changes: watch::Sender<(i64, bool)>,
    heard: Mutex<Heard>,
    /// One at a time asks and adopts what it is told, so that nothing older is adopted after something newer.
    asking: tokio::sync::Mutex<()>,
    /// How often the primary has been looked for, and the last time that it was found.
    looked: AtomicU64,
    found: AtomicU64,
}

#[derive(Debug, Default)]
struct Heard {
    /// When the record was last read.
    read: Option<Instant>,
    /// When the last round began in which the lease was renewed, if it had to be, and nothing was announced after it.
    trusted: Option<Instant>,
    /// When the lease was last renewed, and what was acknowledged by it.
    renewed: Option<(Instant, i64)>,
}

/// How old what a request sees of the record may be.
const REFRESH: Duration = Duration::from_millis(250);

/// A primary that was not heard of for this long is taken for gone; a busy one may be some rounds late.
const SILENCE: Duration = Duration::from_secs(3);

impl Standing {
    /// Reads the record once and follows it from then on, until the last of the users' other owners is gone.
    /// Where it cannot be read, nothing is known to be synchronised, and the primary is used alone.
    pub(super) async fn follow(
        databases: &Databases,
        flags: &Flags,
        counts: &Arc<Counts>,
        users: &Arc<RecentUsers>,
    ) -> Self {
        let this = Self(Arc::new(Inner {
            databases: databases.clone(),
            users: users.clone(),
            flags: flags.clone(),
            counts: counts.clone(),
            id: random_id(),
            state: ArcSwap::from_pointee(State::idle()),
            changes: watch::Sender::new((0, false)),
            heard: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
            looked: AtomicU64::default(),
            found: AtomicU64::default(),
        }));
        if let Err(error) = this.find().await {
            log::warn!(
                "the migration's record cannot be read yet: {}",
                with_causes(&error)
            );
        } else if let Err(error) = this.refresh().await {
            log::debug!("the server's lease cannot be taken yet: {}", with_causes(&error));
        }
        let following = Arc::downgrade(&this.0);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(REFRESH).await;
                let Some(following) = following.upgrade() else {
                    break;
                };
                let following = Self(following);
                let mut outcome = following.refresh().await;
                if outcome.is_err() {
                    // The primary may be another by now, and this one gone.
                    outcome = following.find().await;
                }
                if let Err(error) = outcome {
                    log::debug!(
                        "the migration's record cannot be read now: {}",
                        with_causes(&error)
                    );
                }
            }
        });
        this
    }

    /// The record as last seen.
    pub(super) fn state(&self) -> Arc<State> {
        self.0.state.load_full()
    }

    /// Wakes at every new epoch, and when changes begin or cease to be streamed.
    pub(super) fn changes(&self) -> watch::Receiver<(i64, bool)> {
        self.0.changes.subscribe()
    }

    /// Whether the primary could be asked lately.
    pub(super) fn primary_answers(&self) -> bool {
        self.heard().read.is_some_and(|at| at.elapsed() < SILENCE)
    }

    /// Whether what the primary shows has to be checked: another epoch may have begun without our knowing.
    pub(super) fn is_wary(&self) -> bool {
        self.state().announced.is_some() || self.heard().trusted.is_none_or(|at| at.elapsed() > TRUSTED_FOR)
    }

    /// Whether the migration stands elsewhere than it did here; asks the databases, and finishes what was decided.
    pub(super) async fn has_moved_from(&self, before: &State) -> bool {
        let is_elsewhere = |now: &State| (now.epoch, now.stage) != (before.epoch, before.stage);
        if is_elsewhere(&self.state()) {
            return true;
        }
        if let Err(error) = self.find().await {
            log::debug!(
                "whether the primary has changed is not known: {}",
                with_causes(&error)
            );
        }
        is_elsewhere(&self.state())
    }

    /// Ends this server's lease.
    pub(super) async fn leave(&self) {
        let state = self.state();
        if !state.is_captured() {
            return;
        }
        let primary = state.primary();
        let ended = match self.0.databases.mirror_session(primary).await {
            Ok(mut connection) => end(&mut connection, primary, &self.0.id).await,
            Err(error) => Err(error),
        };
        if let Err(error) = ended {
            log::debug!("the server's lease ends by itself: {}", with_causes(&error));
        }
    }

    /// Looks for the primary on both sides. Who comes while others wait to look is served by what they find.
    async fn find(&self) -> Result<(), HandoverError> {
        let looked_before = self.0.looked.load(Ordering::Acquire);
        let _asking = self.0.asking.lock().await;
        if self.0.found.load(Ordering::Acquire) > looked_before {
            return Ok(());
        }
        self.look().await
    }

    /// The same, by whoever holds `asking`.
    async fn look(&self) -> Result<(), HandoverError> {
        let number = self.0.looked.fetch_add(1, Ordering::AcqRel) + 1;
        let found = standing(&self.0.databases, self.state().primary()).await?;
        self.heard().read = Some(Instant::now());
        self.adopt(found);
        self.0.found.store(number, Ordering::Release);
        Ok(())
    }

    /// One round: reads the primary's record, renews the lease in it, and forgets users whom new is up to.
    async fn refresh(&self) -> Result<(), HandoverError> {
        let _asking = self.0.asking.lock().await;
        let began = Instant::now();
        let known = self.state();
        let primary = known.primary();
        let databases = &self.0.databases;
        let mut connection = databases.mirror_session(primary).await?;
        let shown = self.0.users.latest_serving();
        let (ended, begun) = ended_and_begun_before(&mut connection, primary).await?;
        self.heard().read = Some(Instant::now());
        let Some(mut state) = find_state(&mut connection, primary).await? else {
            let is_retired = is_retired(&mut connection, primary).await?;
            drop(connection);
            return self.without_record(&known, is_retired, began).await;
        };
        if state.is_captured() {
            // Wary first, acknowledged after it; and the record is read once more after the lease was renewed, so
            // that either we see an announcement, or whoever announces sees us.
            if state.announced.is_some() && state.is_primary {
                self.adopt(state.clone());
            }
            let acknowledged = state.announced.unwrap_or(state.epoch);
            if self.is_to_renew(acknowledged) {
                renew(&mut connection, primary, &self.lease(acknowledged)).await?;
                self.heard().renewed = Some((Instant::now(), acknowledged));
                state = find_state(&mut connection, primary).await?.unwrap_or(state);
            }
        }
        if !state.is_primary {
            drop(connection);
            return self.look().await;
        }
        let is_streamed = state.is_captured() && state.transport == Transport::PublishSubscribe;
        // Where changes are streamed, it is the stream that knows what has arrived.
        if !is_streamed {
            let reached = if state.is_captured() {
                reached_before(&mut connection, primary).await?
            } else {
                // Whatever had ended before nothing was captured is in the copy that is still to come.
                ended
            };
            self.0.users.forget(state.epoch, shown, begun, reached);
        }
        self.adopt(state);
        self.heard().trusted = Some(began);
        Ok(())
    }

    /// The primary has no record: nothing has begun, or all is over.
    async fn without_record(
        &self,
        known: &State,
        is_retired: bool,
        began: Instant,
    ) -> Result<(), HandoverError> {
        match known.stage {
            Stage::Switched | Stage::Completed => self.adopt(State::completed(known.epoch)),
            Stage::Idle if !is_retired => {}
            Stage::Idle | Stage::Syncing => self.look().await?,
        }
        self.heard().trusted = Some(began);
        Ok(())
    }

    fn is_to_renew(&self, acknowledged: i64) -> bool {
        let renewed = self.heard().renewed;
        renewed.is_none_or(|(at, before)| before != acknowledged || at.elapsed() >= RENEWED_EVERY)
    }

    fn lease(&self, acknowledged: i64) -> Lease {
        Lease {
            id: self.0.id.clone(),
            name: format!("{}:{}", host(), std::process::id()),
            rules: self.0.flags.running().version().to_owned(),
            acknowledged,
            counts: serde_json::to_string(&self.0.counts.snapshot()).unwrap_or_else(|_| "{}".to_owned()),
        }
    }

    /// From now on this is what requests see.
    fn adopt(&self, state: State) {
        let known = self.state();
        if state == *known {
            return;
        }
        if state.epoch != known.epoch {
            log::info!(
                "epoch {}: the {} database is the primary",
                state.epoch,
                state.primary()
            );
            self.0.users.begin_anew();
            let mut heard = self.heard();
            (heard.renewed, heard.trusted) = (None, None);
        }
        if state.stage != known.stage {
            log::info!("the migration's stage is {}", state.stage);
        }
        let change = (state.epoch, Stream::belongs_to(&state));
        self.0.state.store(Arc::new(state));
        self.0
            .changes
            .send_if_modified(|seen| std::mem::replace(seen, change) != change);
    }

    fn heard(&self) -> std::sync::MutexGuard<'_, Heard> {
        self.0.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Differs between any two servers.
fn random_id() -> String {
    let random = || std::hash::RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", random(), random())
}

/// The machine's name, for people.
fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map_or_else(|_| "server".to_owned(), |name| name.trim().to_owned())
}
