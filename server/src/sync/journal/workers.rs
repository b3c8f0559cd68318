//! Mirrors whatever is in the journal, oldest first, whoever wrote it. Any number of workers in any number of
//! servers take disjoint batches.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use diesel_async::AsyncPgConnection;

use crate::catalog::Catalog;
use crate::databases::{Databases, Side, Step, begin, commit, roll_back, with_causes};
use crate::sync::read_state;

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
    /// How old an entry must be: younger ones are left to whoever may mirror them for a waiting request.
    pub grace: Duration,
}

impl Default for WorkersOptions {
    fn default() -> Self {
        Self {
            workers: 2,
            batch: 2_000,
            idle: Duration::from_millis(50),
            grace: Duration::from_millis(200),
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

/// Keys that a worker mirrors in one transaction: enough to be quick, few enough to hold nobody up for long.
const MOST_KEYS: usize = 2_500;

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
                    if taken {
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
                changed = stopped.changed() => {
                    // Nobody is left to stop us, or to be served.
                    if changed.is_err() {
                        return;
                    }
                }
                () = tokio::time::sleep(rest) => {}
            }
        }
    }

    /// Takes a batch, mirrors it and drops it; whether there was anything to take.
    async fn batch(&self) -> Result<bool, MirrorError> {
        let side = self.mirror.primary;
        let mut primary = self.mirror.databases.mirror_session(side).await?;
        let state = read_state(&mut primary, side).await.unwrap_or_else(|error| {
            log::debug!(
                "the migration's record could not be read: {}",
                with_causes(&error)
            );
            crate::sync::State::idle()
        });
        if state.paused || !state.is_captured() || state.primary() != side {
            return Ok(false);
        }
        // Rows are read outside the transaction that holds the claim: a lock on an application's table is not held
        // while the secondary is waited for.
        let mut reader = self.mirror.databases.mirror_session(side).await?;
        begin(&mut primary, side).await?;
        let grace_ms = i64::try_from(self.options.grace.as_millis()).unwrap_or(i64::MAX);
        let set_aside = self.set_aside.now();
        let mut entries = claim(&mut primary, side, self.options.batch, grace_ms, set_aside).await?;
        entries.truncate(how_many_fit(&entries));
        if !entries.is_empty() {
            self.mirror.databases.step(Step::Claimed).await;
        }
        let outcome = match self.mirror.mirror(&mut reader, &entries).await {
            Ok(()) => drop_entries(&mut primary, side, &entries)
                .await
                .map_err(MirrorError::from),
            Err(error) => Err(error),
        };
        match outcome {
            Ok(()) => {
                commit(&mut primary, side).await?;
                if !entries.is_empty() {
                    self.mirror.databases.step(Step::Dropped).await;
                }
                self.set_aside.mirrored(&entries);
            }
            Err(error) => {
                roll_back(&mut primary, side).await;
                drop(primary);
                if error.is_unreachable() {
                    return Err(error);
                }
                self.mirror_in_parts(&mut reader, entries.clone()).await?;
            }
        }
        Ok(!entries.is_empty())
    }

    /// Mirrors halves, and halves of those that fail, so that an entry that cannot be mirrored holds up no other, and
    /// few transactions are needed to find it. It is set aside; of its keys, each that can be mirrored is.
    async fn mirror_in_parts(
        &self,
        primary: &mut AsyncPgConnection,
        mut entries: Vec<Entry>,
    ) -> Result<(), MirrorError> {
        let side = self.mirror.primary;
        // What cannot be mirrored is often of one table.
        entries.sort_by(|one, other| (&one.schema, &one.table).cmp(&(&other.schema, &other.table)));
        let mut parts = halves(&entries);
        while let Some(part) = parts.pop() {
            let outcome = match part {
                [entry] => self.mirror_one(primary, entry).await,
                _ => self.mirror.mirror(primary, part).await,
            };
            match (outcome, part) {
                (Ok(()), _) => {
                    drop_entries(primary, side, part).await?;
                    self.set_aside.mirrored(part);
                }
                (Err(error), _) if error.is_unreachable() => return Err(error),
                (Err(error), [entry]) => self.set_aside.add(entry, &error),
                (Err(_), _) => parts.extend(halves(part)),
            }
        }
        Ok(())
    }

    async fn mirror_one(&self, primary: &mut AsyncPgConnection, entry: &Entry) -> Result<(), MirrorError> {
        let mut outcome = self.mirror.mirror(primary, std::slice::from_ref(entry)).await;
        if entry.size() == 1 || !matches!(&outcome, Err(error) if !error.is_unreachable()) {
            return outcome;
        }
        outcome = Ok(());
        for part in entry.by_key() {
            match self.mirror.mirror(primary, &[part]).await {
                Err(error) if error.is_unreachable() => return Err(error),
                Err(error) => outcome = Err(error),
                Ok(()) => {}
            }
        }
        outcome
    }
}

/// Both halves, without an empty one.
fn halves(entries: &[Entry]) -> Vec<&[Entry]> {
    let (one, other) = entries.split_at(entries.len() / 2);
    [one, other].into_iter().filter(|half| !half.is_empty()).collect()
}

/// How many of these entries, at least one, one transaction of the secondary should hold; the others are taken
/// next time. A key that changed again and again is mirrored once, and counts once: what takes time is to go to and fro,
/// so that a worker that is behind gains by taking more at a time.
fn how_many_fit(entries: &[Entry]) -> usize {
    let mut keys = HashSet::new();
    let fitting = entries.iter().take_while(|entry| {
        let changed = entry.keys.iter().flatten();
        keys.extend(changed.map(|key| (&entry.schema, &entry.table, key)));
        keys.len() <= MOST_KEYS
    });
    fitting.count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: i64, keys: std::ops::Range<usize>) -> Entry {
        Entry {
            id,
            transaction: id,
            schema: "public".to_owned(),
            table: "items".to_owned(),
            keys: Some(keys.map(|key| vec![key.to_string()]).collect()),
            droppable: true,
        }
    }

    #[test]
    fn a_key_that_changed_often_counts_once() {
        let often: Vec<Entry> = (0..10_000).map(|id| entry(id, 0..2)).collect();
        assert_eq!(how_many_fit(&often), often.len());
    }

    #[test]
    fn entries_of_many_keys_are_left_for_the_next_time_but_for_the_first() {
        let large = entry(1, 0..MOST_KEYS);
        let other = entry(2, MOST_KEYS..MOST_KEYS + 1);
        assert_eq!(how_many_fit(&[large.clone(), large.clone(), other]), 2);
        let larger = entry(3, 0..MOST_KEYS + 1);
        assert_eq!(how_many_fit(&[larger, large]), 1);
    }
}
