//! The running program, and its swap for a newer one while requests go on.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use arc_swap::{ArcSwap, ArcSwapOption};
use crossfade_evaluator::program::{Decision, Program, VariableId};
use crossfade_evaluator::rules::Loader;
use serde_json::json;
use tokio::sync::watch;

use super::compiled::{Compiled, RulesError};
use super::context::RequestContext;
use super::route::Route;
use super::sources::Sources;
use super::tally::Tally;
use super::worker;

/// The rules that a server runs. Cheap to clone; all clones are the same rules.
#[derive(Clone)]
pub struct Flags(Arc<Shared>);

struct Shared {
    path: PathBuf,
    /// What did not change is neither read nor checked again. Whoever replaces rules holds it, one after the other.
    loader: Mutex<Loader>,
    running: ArcSwap<Revision>,
    rejected: ArcSwapOption<Rejected>,
    changes: watch::Sender<u64>,
    undecided: AtomicU64,
    tally: Tally,
}

/// A program that ran, runs or will run, with what the data plane asks of it looked up once.
#[derive(Debug)]
pub struct Revision {
    /// Differs between any two revisions in this process.
    pub(super) number: u64,
    /// What decides.
    pub(super) compiled: Compiled,
    /// `write`: does a request's write also go to the new database?
    pub(super) write: Option<VariableId>,
    /// `read`: does a request read from the new database?
    pub(super) read: Option<VariableId>,
    /// `compare`: is a read to be asked of both databases? Rules need not have it.
    pub(super) compare: Option<VariableId>,
    since: SystemTime,
    tally: Tally,
}

/// The newest rules, where they could not replace the running ones.
#[derive(Debug, Clone)]
pub struct Rejected {
    /// What is wrong with them, as a person reads it.
    pub message: String,
    /// When they were tried.
    pub at: SystemTime,
}

/// A question that has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FlagError {
    /// No variable has this key.
    #[error("there is no flag `{0}`")]
    NotFound(String),
    /// The program could not be run at all.
    #[error("the rules cannot be evaluated")]
    Unavailable,
}

impl Flags {
    /// Reads and compiles the rules at `path`: a folder, a file, or a built `.wasm`. Takes as long as that takes.
    pub fn load(path: &Path) -> Result<Self, RulesError> {
        Self::run(path.to_owned(), &Sources::read(path)?)
    }

    /// Compiles what was read; `path` is where it came from, for the log.
    pub fn run(path: PathBuf, sources: &Sources) -> Result<Self, RulesError> {
        let tally = Tally::default();
        let mut loader = Loader::default();
        let revision = Revision::new(Compiled::again(&mut loader, sources)?, &tally);
        worker::warm_up(&revision)?;
        log::info!("rules {} run, from {}", revision.version(), path.display());
        revision.log_warnings(&path);
        Ok(Self(Arc::new(Shared {
            path,
            loader: Mutex::new(loader),
            changes: watch::Sender::new(revision.number),
            running: ArcSwap::from_pointee(revision),
            rejected: ArcSwapOption::empty(),
            undecided: AtomicU64::new(0),
            tally,
        })))
    }

    /// Rules that decide the same for every request, whatever it says.
    pub fn fixed(route: Route) -> Self {
        Self::run(PathBuf::new(), &fixed_sources(route)).unwrap_or_else(|error| unreachable!("{error}"))
    }

    /// From now on the same decision for every request.
    pub fn fix(&self, route: Route) {
        self.replace(&fixed_sources(route));
    }

    /// Where the rules are.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// The rules that decide at this moment.
    pub fn running(&self) -> Arc<Revision> {
        self.0.running.load_full()
    }

    /// The rules that would decide if they were not wrong.
    pub fn rejected(&self) -> Option<Arc<Rejected>> {
        self.0.rejected.load_full()
    }

    /// Wakes at every change of the running rules.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }

    /// Decides one variable.
    pub fn decide<T>(
        &self,
        key: &str,
        context: &RequestContext,
        answer: impl FnOnce(&Decision<'_>) -> T,
    ) -> Result<T, FlagError> {
        let running = self.0.running.load();
        let variable = running
            .program()
            .variable(key)
            .ok_or_else(|| FlagError::NotFound(key.to_owned()))?;
        worker::with_worker(&running, |worker| {
            context.evaluate(|context| answer(&worker.decide_variable(variable, context)))
        })
    }

    /// Decides all variables, by one program.
    pub fn decide_all<T>(
        &self,
        context: &RequestContext,
        answer: impl FnOnce(&Revision, &[Decision<'_>]) -> T,
    ) -> Result<T, FlagError> {
        let running = self.0.running.load();
        worker::with_worker(&running, |worker| {
            context.evaluate(|context| answer(&running, &worker.decide_all(context)))
        })
    }

    /// Puts other rules in the place of the running ones, at once and for all threads; or refuses them, and what
    /// runs goes on running.
    pub(super) fn replace(&self, sources: &Sources) {
        let mut loader = self.0.loader.lock().unwrap_or_else(PoisonError::into_inner);
        let compiled = Compiled::again(&mut loader, sources);
        let revision = compiled.and_then(|compiled| {
            let revision = Revision::new(compiled, &self.0.tally);
            // A first decision before it counts: pages are touched, and what cannot start is found out here.
            worker::warm_up(&revision)?;
            Ok(revision)
        });
        match revision {
            Ok(revision) => {
                let number = revision.number;
                log::info!(
                    "rules {} run now, from {}",
                    revision.version(),
                    self.0.path.display()
                );
                revision.log_warnings(&self.0.path);
                self.0.running.store(Arc::new(revision));
                self.0.rejected.store(None);
                self.0.changes.send_replace(number);
            }
            Err(error) => self.reject(&error),
        }
    }

    /// Keeps the running rules and says why the newest were refused.
    pub(super) fn reject(&self, error: &RulesError) {
        let message = error.render(false);
        log::error!(
            "the changed rules were refused, rules {} go on\n{message}",
            self.0.running.load().version()
        );
        self.0.rejected.store(Some(Arc::new(Rejected {
            message,
            at: SystemTime::now(),
        })));
    }

    /// How often each rule decided.
    pub fn tally(&self) -> &Tally {
        &self.0.tally
    }

    pub(super) fn current(&self) -> arc_swap::Guard<Arc<Revision>> {
        self.0.running.load()
    }

    /// Counts one more data request that the rules did not decide; how many there were with it.
    pub(super) fn count_undecided(&self) -> u64 {
        self.0.undecided.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Data requests that the rules did not decide, so that the primary alone served them.
    pub fn undecided(&self) -> u64 {
        self.0.undecided.load(Ordering::Relaxed)
    }
}

impl Revision {
    fn new(compiled: Compiled, tally: &Tally) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let [write, read, compare] = ["write", "read", "compare"].map(|key| compiled.program.variable(key));
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self {
            number,
            compiled,
            write,
            read,
            compare,
            since: SystemTime::now(),
            tally: tally.clone(),
        }
    }

    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }

    fn log_warnings(&self, path: &Path) {
        let warnings = &self.compiled.warnings;
        if !warnings.diagnostics.is_empty() {
            log::warn!(
                "the rules at {} have warnings\n{}",
                path.display(),
                warnings.render(false)
            );
        }
    }

    /// What decides.
    pub fn program(&self) -> &Program {
        &self.compiled.program
    }

    /// The hash of the rules' sources.
    pub fn version(&self) -> &str {
        self.compiled.program.version()
    }

    /// What it was compiled from.
    pub fn compiled(&self) -> &Compiled {
        &self.compiled
    }

    /// Since when it has been running.
    pub fn since(&self) -> SystemTime {
        self.since
    }
}

fn fixed_sources(Route { write, read }: Route) -> Sources {
    let feature = json!({
        "feature": "fixed",
        "variables": { "write": { "type": "boolean" }, "read": { "type": "boolean" } },
        "variations": { "fixed": { "write": write, "read": read } },
        "default": "fixed",
    });
    Sources::Files(vec![
        ("context.yaml".to_owned(), b"attributes: {}".to_vec()),
        ("fixed.json".to_owned(), feature.to_string().into_bytes()),
    ])
}

#[cfg(test)]
mod tests {
    use std::sync::Weak;
    use std::sync::atomic::AtomicBool;
    use std::thread;

    use super::*;

    /// `EVALUATIONS=1000000` asks for more of them.
    #[test]
    fn evaluations_go_on_while_rules_are_swapped_and_old_programs_are_freed() {
        let evaluations: usize = std::env::var("EVALUATIONS").map_or(20_000, |text| text.parse().unwrap());
        let both = |value| Route {
            write: value,
            read: value,
        };
        let flags = Flags::fixed(both(false));
        let (over, swaps) = (AtomicBool::new(false), AtomicU64::new(0));
        let old: Mutex<Vec<Weak<Revision>>> = Mutex::default();
        let threads = thread::available_parallelism().map_or(2, usize::from);
        thread::scope(|scope| {
            let evaluators: Vec<_> = (0..threads)
                .map(|_| {
                    scope.spawn(|| {
                        let context = RequestContext::at(0).with("user_id", "1");
                        let mut left = evaluations / threads;
                        // However fast they are: some of them must see a swap.
                        while left > 0 || swaps.load(Ordering::Relaxed) < 3 {
                            left = left.saturating_sub(1);
                            flags
                                .decide_all(&context, |_, decisions| {
                                    let values: Vec<_> = decisions.iter().map(Decision::as_bool).collect();
                                    assert!(
                                        values == [Some(true); 2] || values == [Some(false); 2],
                                        "torn: {values:?}"
                                    );
                                })
                                .unwrap();
                        }
                    })
                })
                .collect();
            let (flags, over, swaps, old) = (&flags, &over, &swaps, &old);
            scope.spawn(move || {
                let mut value = false;
                while !over.load(Ordering::Relaxed) {
                    old.lock().unwrap().push(Arc::downgrade(&flags.running()));
                    value = !value;
                    flags.fix(both(value));
                    swaps.fetch_add(1, Ordering::Relaxed);
                }
            });
            let ended: Vec<_> = evaluators
                .into_iter()
                .map(thread::ScopedJoinHandle::join)
                .collect();
            over.store(true, Ordering::Relaxed);
            for ended in ended {
                ended.unwrap();
            }
        });
        let old = old.into_inner().unwrap();
        assert!(
            old.iter().all(|revision| revision.upgrade().is_none()),
            "an old program is kept"
        );
    }
}
