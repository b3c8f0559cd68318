//! Mirrors whatever is in the journal, oldest first, whoever wrote it. Any number of workers in any number of
//! servers take disjoint batches.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::catalog::Catalog;
use crate::databases::{Databases, Side, begin, commit, roll_back, with_causes};
use crate::sync::{Stage, read_state};

use super::entry::{Entry, claim, drop_entries};
use super::mirror::{Mirror, MirrorError};
use super::set_aside::SetAside;

/// How the workers work.
#[derive(Debug, Clone, Copy)]
pub struct WorkersOptions {
    /// Batches under way at once.
    pub workers: usize,
    /// Entries a batch takes at most.
    pub batch: usize,
    /// How long to rest when there is nothing to do.
    pub idle: Duration,
}

impl Default for WorkersOptions {
    fn default() -> Self {
        Self {
            workers: 2,
            batch: 500,
            idle: Duration::from_millis(50),
        }
    }
}

/// Running workers; [`Workers::stop`] lets them finish the batch they are at.
pub struct Workers {
    stopping: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts workers on the current runtime.
    #[must_use]
    pub fn start(databases: &Databases, catalog: &Catalog, primary: Side, options: WorkersOptions) -> Self {
        let (stopping, stopped) = watch::channel(false);
        let set_aside = Arc::new(SetAside::default());
        let tasks = (0..options.workers)
            .map(|_| {
                let worker = Worker {
                    mirror: Mirror {
                        databases: databases.clone(),
                        catalog: catalog.clone(),
                        primary,
                    },
                    options,
                    set_aside: set_aside.clone(),
                };
                tokio::spawn(worker.run(stopped.clone()))
            })
            .collect();
        Self { stopping, tasks }
    }

    /// Lets every worker finish its batch and ends them.
    pub async fn stop(self) {
        _ = self.stopping.send(true);
        for task in self.tasks {
            if let Err(error) = task.await {
                log::error!("a mirror worker ended badly: {error}");
            }
        }
    }
}

struct Worker {
    mirror: Mirror,
    options: WorkersOptions,
    set_aside: Arc<SetAside>,
}

/// While a database is out of reach, a worker asks again after at most this long.
const LONGEST_REST: Duration = Duration::from_secs(1);

impl Worker {
    async fn run(self, mut stopped: watch::Receiver<bool>) {
        let mut rest = self.options.idle;
        let mut complained = false;
        while !*stopped.borrow() {
            match self.batch().await {
                Ok(taken) => {
                    if complained {
                        log::info!(
                            "mirroring to the {} database goes on",
                            self.mirror.primary.other()
                        );
                        complained = false;
                    }
                    rest = self.options.idle;
                    if taken == self.options.batch {
                        continue;
                    }
                }
                Err(error) => {
                    if !complained {
                        log::warn!(
                            "mirroring is held up, changes stay in the journal: {}",
                            with_causes(&error)
                        );
                        complained = true;
                    }
                    rest = (rest * 2).min(LONGEST_REST);
                }
            }
            tokio::select! {
                _ = stopped.changed() => {}
                () = tokio::time::sleep(rest) => {}
            }
        }
    }

    /// Takes a batch, mirrors it and drops it; how many entries were taken.
    async fn batch(&self) -> Result<usize, MirrorError> {
        let side = self.mirror.primary;
        let mut primary = self.mirror.databases.mirror_session(side).await?;
        let state = read_state(&mut primary, side).await.unwrap_or_else(|error| {
            log::debug!(
                "the migration's record could not be read: {}",
                with_causes(&error)
            );
            crate::sync::State::idle()
        });
        if state.paused || state.stage == Stage::Idle || state.stage == Stage::Completed {
            return Ok(0);
        }
        begin(&mut primary, side).await?;
        let entries = claim(&mut primary, side, self.options.batch, self.set_aside.now()).await?;
        let outcome = match self.mirror.mirror(&mut primary, &entries).await {
            Ok(()) => drop_entries(&mut primary, side, &entries)
                .await
                .map_err(MirrorError::from),
            Err(error) => Err(error),
        };
        match outcome {
            Ok(()) => {
                commit(&mut primary, side).await?;
                self.set_aside.mirrored(&entries);
            }
            Err(error) => {
                roll_back(&mut primary, side).await;
                drop(primary);
                if error.is_unreachable() {
                    return Err(error);
                }
                self.mirror_one_by_one(&entries).await?;
            }
        }
        Ok(entries.len())
    }

    /// Mirrors each entry by itself, so that one that cannot be mirrored holds up no other, and sets it aside.
    async fn mirror_one_by_one(&self, entries: &[Entry]) -> Result<(), MirrorError> {
        let side = self.mirror.primary;
        let mut primary = self.mirror.databases.mirror_session(side).await?;
        for entry in entries.iter().map(std::slice::from_ref) {
            match self.mirror.mirror(&mut primary, entry).await {
                Ok(()) => {
                    drop_entries(&mut primary, side, entry).await?;
                    self.set_aside.mirrored(entry);
                }
                Err(error) if error.is_unreachable() => return Err(error),
                Err(error) => self.set_aside.add(&entry[0], &error),
            }
        }
        Ok(())
    }
}
