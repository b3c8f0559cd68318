//! The migration's record, as this server last saw it. Requests read it from memory.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use crate::databases::{Databases, Side, with_causes};
use crate::sync::journal::{ended_and_begun_before, reached_before};
use crate::sync::{Stage, State, UnreadableState, read_state};

use super::recent_users::RecentUsers;

/// Follows the record in the background.
#[derive(Clone)]
pub(super) struct Standing {
    state: Arc<ArcSwap<State>>,
    read_at: Arc<Mutex<Option<Instant>>>,
}

/// How old what a request sees of the record may be.
const REFRESH: Duration = Duration::from_millis(250);

/// A primary that was not heard of for this long is taken for gone; a busy one may be some rounds late.
const SILENCE: Duration = Duration::from_secs(3);

impl Standing {
    /// Reads the record once and follows it from then on, until the last of the users' other owners is gone.
    /// Where it cannot be read, nothing is known to be synchronised, and the primary is used alone.
    pub(super) async fn follow(databases: &Databases, primary: Side, users: &Arc<RecentUsers>) -> Self {
        let standing = Self {
            state: Arc::new(ArcSwap::from_pointee(State::idle())),
            read_at: Arc::default(),
        };
        if let Err(error) = standing.refresh(databases, primary, users).await {
            log::warn!(
                "the migration's record cannot be read yet: {}",
                with_causes(&error)
            );
        }
        let (following, databases, users) = (standing.clone(), databases.clone(), Arc::downgrade(users));
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(REFRESH).await;
                let Some(users) = users.upgrade() else { break };
                if let Err(error) = following.refresh(&databases, primary, &users).await {
                    log::debug!(
                        "the migration's record cannot be read now: {}",
                        with_causes(&error)
                    );
                }
            }
        });
        standing
    }

    /// The record as last seen.
    pub(super) fn state(&self) -> Arc<State> {
        self.state.load_full()
    }

    /// Whether the primary could be asked lately.
    pub(super) fn primary_answers(&self) -> bool {
        let read_at = *self.read_at.lock().unwrap_or_else(PoisonError::into_inner);
        read_at.is_some_and(|at| at.elapsed() < SILENCE)
    }

    async fn refresh(
        &self,
        databases: &Databases,
        primary: Side,
        users: &RecentUsers,
    ) -> Result<(), UnreadableState> {
        let mut connection = databases.mirror_session(primary).await?;
        let shown = users.latest_serving();
        let (ended, begun) = ended_and_begun_before(&mut connection, primary).await?;
        *self.read_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        let state = read_state(&mut connection, primary).await?;
        let reached = if state.stage == Stage::Idle {
            // Whatever had ended before nothing was captured is in the copy that is still to come.
            ended
        } else {
            reached_before(&mut connection, primary).await?
        };
        users.forget(shown, begun, reached);
        if state != *self.state.load_full() {
            log::info!("the migration's stage is {:?}", state.stage);
            self.state.store(Arc::new(state));
        }
        Ok(())
    }
}
