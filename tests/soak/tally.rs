//! What happened, counted.

use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::reasons::Reasons;

/// Counters of one soak. Those that must stay zero come with the first few cases in words.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) acknowledged: AtomicU64,
    pub(super) mirrored_at_once: AtomicU64,
    pub(super) reads: AtomicU64,
    pub(super) reads_of_new: AtomicU64,
    pub(super) excused: AtomicU64,
    pub(super) faults: AtomicU64,
    pub(super) missing: AtomicU64,
    pub(super) differing: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) repeated: AtomicU64,
    pub(super) back_in_time: AtomicU64,
    /// Looks at the journal, and those that found a change older than a second.
    pub(super) looks: AtomicU64,
    pub(super) late_looks: AtomicU64,
    pub(super) reasons: Mutex<Reasons>,
    disturbance: Mutex<Disturbance>,
}

/// Whether something is broken that a request may fail by: old, or the server itself.
#[derive(Debug, Default)]
struct Disturbance {
    count: u64,
    under_way: u64,
    ended: Option<Instant>,
}

/// After old or the server is back, broken connections may still come up for this long.
const AFTERMATH: Duration = Duration::from_secs(3);

/// The soak that stands for all: less than this is a trial.
const LONG: Duration = Duration::from_mins(10);

/// Long enough for shares to mean something.
const FAIR: Duration = Duration::from_mins(1);

/// Cases that are told in words, of each kind.
const TOLD: u64 = 5;

/// The moment when a request began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Began {
    disturbances: u64,
    in_calm: bool,
}

impl Tally {
    /// One more of these.
    pub(super) fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// One more of what must not happen.
    pub(super) fn blame(counter: &AtomicU64, case: impl FnOnce() -> String) {
        if counter.fetch_add(1, Ordering::Relaxed) < TOLD {
            println!("WRONG: {}", case());
        }
    }

    /// Old or the server is about to break.
    pub(super) fn disturb(&self) {
        let mut disturbance = self.disturbance.lock().expect("no holder panics");
        disturbance.count += 1;
        disturbance.under_way += 1;
    }

    /// It is back.
    pub(super) fn calm(&self) {
        let mut disturbance = self.disturbance.lock().expect("no holder panics");
        disturbance.under_way -= 1;
        disturbance.ended = Some(Instant::now());
    }

    /// A request begins.
    pub(super) fn begin(&self) -> Began {
        let disturbance = self.disturbance.lock().expect("no holder panics");
        Began {
            disturbances: disturbance.count,
            in_calm: disturbance.under_way == 0
                && disturbance.ended.is_none_or(|ended| ended.elapsed() > AFTERMATH),
        }
    }

    /// A request failed: excused if old or the server was broken meanwhile, and new's fault if not.
    pub(super) fn fail(&self, began: Began, why: impl FnOnce() -> String) {
        let count = self.disturbance.lock().expect("no holder panics").count;
        if began.in_calm && began.disturbances == count {
            Self::blame(&self.failed, || format!("a request failed: {}", why()));
        } else {
            Self::count(&self.excused);
        }
    }

    /// Fails the test if anything that must be zero is not, or if too little happened to prove anything.
    pub(super) fn judge(&self, length: Duration) {
        let wrong = [
            &self.missing,
            &self.repeated,
            &self.differing,
            &self.failed,
            &self.back_in_time,
        ];
        assert_eq!(
            wrong.map(loaded),
            [0; 5],
            "missing, done twice, differing, failed, back in time"
        );
        let is_long = length >= LONG;
        let least_faults = if is_long { 50 } else { length.as_secs() / 12 };
        assert!(loaded(&self.faults) >= least_faults, "too few faults");
        let least_writes = if is_long { 100_000 } else { length.as_secs() * 10 };
        assert!(loaded(&self.acknowledged) >= least_writes, "too few writes");
        let [reads, of_new] = [&self.reads, &self.reads_of_new].map(loaded);
        // In a few seconds one fault may keep everyone from new.
        let is_fair = length >= FAIR;
        assert!(
            of_new > 0 && (of_new * 20 >= reads || !is_fair),
            "of {reads} reads only {of_new} were answered by new, less than 5 %"
        );
        assert!(
            loaded(&self.mirrored_at_once) > 0,
            "no write was mirrored at once"
        );
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "writes mirrored at once: {}, reads: {}, of new: {}, requests that failed with old or the server: {}",
            loaded(&self.mirrored_at_once),
            loaded(&self.reads),
            loaded(&self.reads_of_new),
            loaded(&self.excused),
        )?;
        writeln!(
            f,
            "reads by reason: {}; new was more than a second behind in {} of {} looks",
            self.reasons.lock().expect("no holder panics"),
            loaded(&self.late_looks),
            loaded(&self.looks),
        )?;
        write!(
            f,
            "acknowledged writes: {}, faults injected: {}, missing on primary: {}, done twice: {}, \
             differing rows: {}, requests failed by a fault of new: {}, reads back in time: {}",
            loaded(&self.acknowledged),
            loaded(&self.faults),
            loaded(&self.missing),
            loaded(&self.repeated),
            loaded(&self.differing),
            loaded(&self.failed),
            loaded(&self.back_in_time),
        )
    }
}

fn loaded(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}
