//! The dual write: mirrors what a request waits for, in tasks of its own, so that a client that hangs up cannot
//! stop a mirror half-way, and many waiting writes share one.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc, oneshot};

use crate::catalog::Catalog;
use crate::databases::{Databases, Side, Step, with_causes};

use super::entry::{Entry, MOST_AWAITED, drop_entries, total_size};
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
    /// More than a request should wait for, or rows of a table that is still being copied; the secondary was not
    /// asked.
    TooMuch,
}

/// Takes entries to mirror at once. Cheap to clone; the mirroring ends when the last clone is dropped.
#[derive(Clone)]
pub struct Awaited {
    queue: mpsc::Sender<Request>,
}

struct Request {
    entries: Vec<Entry>,
    done: oneshot::Sender<Mirrored>,
}

/// Mirrors under way at once. Each takes all that waits when it begins, so a few keep many writers served.
const LANES: usize = 3;
/// Writes that may wait for a lane; past it a write is answered `pending` at once.
const QUEUE: usize = 4096;
/// Writes that one mirror takes along.
const BATCH: usize = 128;
/// Keys of one write that a request may wait for; whoever changes more leaves them to the workers.
const MOST_KEYS: usize = 2_000;

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

    /// Mirrors these entries of a committed transaction and waits for it, at most until the deadline.
    pub async fn mirror(&self, entries: Vec<Entry>, deadline: Duration) -> Mirrored {
        // While a table is copied none of its changes is mirrored: who could be in the copy's way, or overtaken by it.
        if !entries.iter().all(|entry| entry.droppable) {
            return Mirrored::TooMuch;
        }
        // Of a transaction with more entries than this, these are only the first.
        if entries.len() > MOST_AWAITED || total_size(&entries) > MOST_KEYS {
            return Mirrored::TooMuch;
        }
        let (done, waiting) = oneshot::channel();
        if self.queue.try_send(Request { entries, done }).is_err() {
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
        // One key that cannot be mirrored must not hold up the writes that merely waited beside it.
        if mirror_and_answer(&mirror, &mut batch).await == Mirrored::Refused {
            for request in batch.drain(..) {
                if mirror_and_answer(&mirror, &mut vec![request]).await == Mirrored::Unreachable {
                    break;
                }
            }
        }
    }
}

/// Mirrors what these requests wait for and answers them, unless some of them may fare better alone. A request
/// that is dropped unanswered counts as unreachable.
async fn mirror_and_answer(mirror: &Mirror, waiting: &mut Vec<Request>) -> Mirrored {
    let side = mirror.primary;
    let entries: Vec<Entry> = waiting
        .iter()
        .flat_map(|request| request.entries.iter().cloned())
        .collect();
    let outcome = async {
        let mut primary = mirror.databases.mirror_session(side).await?;
        mirror.mirror(&mut primary, &entries).await?;
        Ok::<_, MirrorError>(primary)
    };
    match outcome.await {
        Ok(mut primary) => {
            answer(waiting, Mirrored::Applied);
            // Nobody waits for this: what is not dropped now, a worker mirrors once more and drops.
            if let Err(error) = drop_entries(&mut primary, side, &entries).await {
                log::debug!(
                    "mirrored entries are left to the workers: {}",
                    with_causes(&error)
                );
            }
            mirror.databases.step(Step::Dropped).await;
            Mirrored::Applied
        }
        Err(error) => {
            log::debug!("left to the workers: {}", with_causes(&error));
            let mirrored = if error.is_unreachable() {
                Mirrored::Unreachable
            } else {
                Mirrored::Refused
            };
            if mirrored == Mirrored::Unreachable || waiting.len() == 1 {
                answer(waiting, mirrored);
            }
            mirrored
        }
    }
}

fn answer(waiting: &mut Vec<Request>, mirrored: Mirrored) {
    for request in waiting.drain(..) {
        // Whoever asked may have stopped waiting; the mirror has happened all the same.
        _ = request.done.send(mirrored);
    }
}
