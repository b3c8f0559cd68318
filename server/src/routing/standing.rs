//! The migration's record, as this server last saw it. Requests read it from memory.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

use crate::databases::{Databases, Side, with_causes};
use crate::sync::journal::{ended_before, reached_before};
use crate::sync::{Stage, State, UnreadableState, read_state};

use super::recent_writers::RecentWriters;

/// Follows the record in the background.
#[derive(Clone)]
pub(super) struct Standing {
    state: Arc<ArcSwap<State>>,
}

/// How old what a request sees of the record may be.
const REFRESH: Duration = Duration::from_millis(250);

impl Standing {
    /// Reads the record once and follows it from then on, until the last of the writers' other owners is gone.
    /// Where it cannot be read, nothing is known to be synchronised, and the primary is used alone.
    pub(super) async fn follow(databases: &Databases, primary: Side, writers: &Arc<RecentWriters>) -> Self {
        let standing = Self {
            state: Arc::new(ArcSwap::from_pointee(State::idle())),
        };
        if let Err(error) = standing.refresh(databases, primary, writers).await {
            log::warn!(
                "the migration's record cannot be read yet: {}",
                with_causes(&error)
            );
        }
        let (following, databases, writers) = (standing.clone(), databases.clone(), Arc::downgrade(writers));
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(REFRESH).await;
                let Some(writers) = writers.upgrade() else { break };
                if let Err(error) = following.refresh(&databases, primary, &writers).await {
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

    async fn refresh(
        &self,
        databases: &Databases,
        primary: Side,
        writers: &RecentWriters,
    ) -> Result<(), UnreadableState> {
        let mut connection = databases.mirror_session(primary).await?;
        let ended = ended_before(&mut connection, primary).await?;
        let state = read_state(&mut connection, primary).await?;
        if state.stage == Stage::Idle {
            // Whatever had ended before nothing was captured is in the copy that is still to come.
            writers.forget_before(ended);
        } else {
            writers.forget_before(reached_before(&mut connection, primary).await?);
        }
        if state != *self.state.load_full() {
            log::info!("the migration's stage is {:?}", state.stage);
            self.state.store(Arc::new(state));
        }
        Ok(())
    }
}
