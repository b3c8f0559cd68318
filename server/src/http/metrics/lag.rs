//! How far the secondary is behind, asked of the primary at most once in a while, however often we are asked.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::routing::Crossfade;
use crate::sync::Stage;
use crate::sync::journal::{Pending, pending};

/// Counting a journal that has grown costs the primary something; scrapers come every few seconds.
const KEPT: Duration = Duration::from_secs(2);

/// Metrics are worth more in time than complete.
const PATIENCE: Duration = Duration::from_secs(1);

/// The last answer.
#[derive(Debug, Default)]
pub(in crate::http) struct Lag(Mutex<Option<(Instant, Option<Pending>)>>);

impl Lag {
    /// What waits in the journal; none where there is no journal, or the primary does not say in time.
    pub(in crate::http) async fn pending(&self, crossfade: &Crossfade) -> Option<Pending> {
        let mut kept = self.0.lock().await;
        if let Some((at, pending)) = *kept
            && at.elapsed() < KEPT
        {
            return pending;
        }
        if matches!(crossfade.stage(), Stage::Idle | Stage::Completed) {
            return None;
        }
        let asked = pending(crossfade.databases(), crossfade.primary());
        let answer = tokio::time::timeout(PATIENCE, asked).await;
        let answer = answer.ok().and_then(Result::ok);
        *kept = Some((Instant::now(), answer));
        answer
    }
}
