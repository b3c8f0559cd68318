//! The steps between both databases at which a pause, a lost connection or a crash might do harm, so that tests can
//! be there. Nobody watches them otherwise.

use std::sync::Arc;

use futures_util::future::BoxFuture;

/// A step that has just been done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// A write's statements have run on the primary, in a transaction that is still open.
    Written,
    /// The primary has committed a write.
    Committed,
    /// A write's mirror is applied or left to the journal, and it is about to be answered.
    Decided,
    /// A worker has claimed entries of the journal.
    Claimed,
    /// A mirror holds the locks of its keys.
    Locked,
    /// A mirror has read its keys' rows on the primary.
    Fetched,
    /// A mirror has made the secondary's rows equal, in a transaction that is still open.
    Applied,
    /// The secondary has committed a mirror.
    Mirrored,
    /// The entries of a mirror are dropped from the journal.
    Dropped,
    /// A chunk of existing rows is read on the primary and not written on the secondary yet.
    ChunkRead,
    /// The secondary has committed a chunk of existing rows, and the primary does not know it yet.
    ChunkWritten,
    /// A read may be answered by the secondary, which is about to be asked.
    Admitted,
    /// The primary has answered a read, and what it showed is not noted yet.
    Shown,
    /// The secondary is ready to become the primary.
    TurnPrepared,
    /// Every server has acknowledged the coming epoch.
    TurnAnnounced,
    /// Nobody writes to the primary any more, in a transaction that is still open.
    TurnFenced,
    /// Everything is on the secondary.
    TurnDrained,
    /// Sequences and kept answers are there too.
    TurnCarried,
    /// The secondary is the primary in a transaction that is still open, and the primary none in another.
    TurnReady,
    /// The primary has committed that it is none any more.
    TurnDecided,
    /// The other side has committed that it is the primary.
    TurnFinished,
    /// The next part of old's retirement begins: it is made read-only, or Crossfade is removed from a side.
    Retiring,
}

impl Step {
    /// All of them, in their order.
    pub const ALL: [Self; 22] = [
        Self::Written,
        Self::Committed,
        Self::Decided,
        Self::Claimed,
        Self::Locked,
        Self::Fetched,
        Self::Applied,
        Self::Mirrored,
        Self::Dropped,
        Self::ChunkRead,
        Self::ChunkWritten,
        Self::Admitted,
        Self::Shown,
        Self::TurnPrepared,
        Self::TurnAnnounced,
        Self::TurnFenced,
        Self::TurnDrained,
        Self::TurnCarried,
        Self::TurnReady,
        Self::TurnDecided,
        Self::TurnFinished,
        Self::Retiring,
    ];
}

/// Called after each step; whoever did it goes on when the future ends.
pub type Watcher = dyn Fn(Step) -> BoxFuture<'static, ()> + Send + Sync;

/// Where steps are told, if anywhere.
#[derive(Clone, Default)]
pub(super) struct Steps(Option<Arc<Watcher>>);

impl Steps {
    pub(super) fn watched(watcher: Arc<Watcher>) -> Self {
        Self(Some(watcher))
    }

    pub(super) async fn done(&self, step: Step) {
        if let Some(watcher) = &self.0 {
            watcher(step).await;
        }
    }
}
