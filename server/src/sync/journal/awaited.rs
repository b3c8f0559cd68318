//! The dual write: mirrors what a request waits for, in tasks of its own, so that a client that hangs up cannot
//! stop a mirror half-way, and many waiting writes share one.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc, oneshot};

use crate::catalog::Catalog;
use crate::databases::{Databases, Side, with_causes};
use crate::sync::Position;

use super::entry::{drop_entries, entries_of};
use super::mirror::{Mirror, MirrorError};

/// What became of an awaited mirror. Whatever is not applied stays in the journal for the workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mirrored {
    /// The secondary has it.
    Applied,
    /// The secondary answers, but does not take these rows as they are.
    Refused,
    /// The secondary did not answer, or not in time.
    Unreachable,
}

/// Takes positions to mirror at once. Cheap to clone; the mirroring ends when the last clone is dropped.
#[derive(Clone)]
pub struct Awaited {
    queue: mpsc::Sender<Request>,
}

struct Request {
    position: Position,
    done: oneshot::Sender<Mirrored>,
}

/// Mirrors under way at once. Each takes all that waits when it begins, so a few keep many writers served.
const LANES: usize = 3;
/// Writes that may wait for a lane; past it a write is answered `pending` at once.
const QUEUE: usize = 4096;
/// Writes that one mirror takes along.
const BATCH: usize = 128;

impl Awaited {
    /// Starts the lanes on the current runtime.
    #[must_use]
    pub fn start(databases: &Databases, catalog: &Catalog, primary: Side) -> Self {
        let (queue, requests) = mpsc::channel(QUEUE);
        let requests = Arc::new(Mutex::new(requests));
        for _ in 0..LANES {
            let mirror = Mirror {
                databases: databases.clone(),
                catalog: catalog.clone(),
                primary,
            };
            tokio::spawn(run_lane(mirror, requests.clone()));
        }
        Self { queue }
    }

    /// Mirrors what the transaction at `position` changed and waits for it, at most until the deadline.
    pub async fn mirror(&self, position: Position, deadline: Duration) -> Mirrored {
        let (done, waiting) = oneshot::channel();
        if self.queue.try_send(Request { position, done }).is_err() {
            return Mirrored::Unreachable;
        }
        match tokio::time::timeout(deadline, waiting).await {
            Ok(Ok(mirrored)) => mirrored,
            Ok(Err(_)) | Err(_) => Mirrored::Unreachable,
        }
    }
}

async fn run_lane(mirror: Mirror, requests: Arc<Mutex<mpsc::Receiver<Request>>>) {
    let mut batch = Vec::with_capacity(BATCH);
    while requests.lock().await.recv_many(&mut batch, BATCH).await > 0 {
        let positions: Vec<Position> = batch.iter().map(|request| request.position).collect();
        match mirror_positions(&mirror, &positions).await {
            // One key that cannot be mirrored must not hold up the writes that merely waited beside it.
            Mirrored::Refused if batch.len() > 1 => {
                for request in batch.drain(..) {
                    let mirrored = mirror_positions(&mirror, &[request.position]).await;
                    answer(std::iter::once(request), mirrored);
                }
            }
            mirrored => answer(batch.drain(..), mirrored),
        }
    }
}

fn answer(requests: impl Iterator<Item = Request>, mirrored: Mirrored) {
    for request in requests {
        // Whoever asked may have stopped waiting; the mirror has happened all the same.
        _ = request.done.send(mirrored);
    }
}

async fn mirror_positions(mirror: &Mirror, positions: &[Position]) -> Mirrored {
    match try_mirror(mirror, positions).await {
        Ok(()) => Mirrored::Applied,
        Err(error) => {
            log::debug!("left to the workers: {}", with_causes(&error));
            if error.is_unreachable() {
                Mirrored::Unreachable
            } else {
                Mirrored::Refused
            }
        }
    }
}

async fn try_mirror(mirror: &Mirror, positions: &[Position]) -> Result<(), MirrorError> {
    let mut primary = mirror.databases.mirror_session(mirror.primary).await?;
    let entries = entries_of(&mut primary, mirror.primary, positions).await?;
    mirror.mirror(&mut primary, &entries).await?;
    drop_entries(&mut primary, mirror.primary, &entries).await?;
    Ok(())
}
