//! The traffic of the last minutes: counters looked at every few seconds, and what each grew by.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::watch;

use super::super::state::App;
use super::model::{Sample, Sides, Writes};
use crate::databases::Side;
use crate::flags::Outcome;
use crate::routing::{BOUNDS, Crossfade, Mirror, Work};

/// Five minutes, at a sample every two seconds.
const MOST: usize = 150;

type Buckets = [u64; BOUNDS.len() + 1];

/// What was measured, the oldest first.
#[derive(Debug, Default)]
pub(in crate::http) struct Samples {
    measured: Mutex<Measured>,
    ticks: watch::Sender<u64>,
    viewers: AtomicUsize,
}

#[derive(Debug, Default)]
struct Measured {
    samples: VecDeque<Sample>,
    before: Option<Counters>,
    /// Decisions a second.
    decisions: BTreeMap<Outcome, f64>,
}

/// All counters at one moment.
#[derive(Debug)]
struct Counters {
    at: Instant,
    reads: Sides<u64>,
    writes: [u64; 3],
    failed: u64,
    read_buckets: Sides<Buckets>,
    write_buckets: Sides<Buckets>,
    decisions: BTreeMap<Outcome, u64>,
}

/// Somebody who looks; for as long as this is held, the databases are asked too.
pub(super) struct Viewer(App);

impl Viewer {
    pub(super) fn of(app: &App) -> Self {
        app.samples().viewers.fetch_add(1, Ordering::Relaxed);
        Self(app.clone())
    }

    pub(super) fn app(&self) -> &App {
        &self.0
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.0.samples().viewers.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Samples {
    /// Wakes at every new sample.
    pub(super) fn ticks(&self) -> watch::Receiver<u64> {
        self.ticks.subscribe()
    }

    /// The last so many.
    pub(super) fn last(&self, most: usize) -> Vec<Sample> {
        let measured = self.measured();
        let skipped = measured.samples.len().saturating_sub(most);
        measured.samples.iter().skip(skipped).cloned().collect()
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<Sample> {
        self.last(MOST)
    }

    /// Decisions a second, lately.
    pub(super) fn decisions_per_second(&self, outcome: &Outcome) -> f64 {
        self.measured()
            .decisions
            .get(outcome)
            .copied()
            .unwrap_or_default()
    }

    /// Takes one more.
    pub(in crate::http) async fn take(&self, app: &App) {
        let is_watched = self.viewers.load(Ordering::Relaxed) > 0;
        let pending = match app.crossfade() {
            Some(crossfade) if is_watched => app.lag().pending(crossfade).await,
            _ => None,
        };
        let now = Counters::of(app);
        let mut measured = self.measured();
        if let Some(before) = &measured.before {
            let mut sample = since(before, &now);
            sample.waiting = pending.map(|pending| pending.entries);
            sample.oldest_seconds =
                pending.map(|pending| rounded(pending.oldest_seconds.unwrap_or_default()));
            let decisions = decided_since(before, &now);
            measured.decisions = decisions;
            if measured.samples.len() == MOST {
                measured.samples.pop_front();
            }
            measured.samples.push_back(sample);
        }
        measured.before = Some(now);
        drop(measured);
        self.ticks.send_modify(|tick| *tick += 1);
    }

    fn measured(&self) -> MutexGuard<'_, Measured> {
        self.measured.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counters {
    fn of(app: &App) -> Self {
        let mut counters = Self {
            at: Instant::now(),
            reads: Sides::default(),
            writes: [0; 3],
            failed: app.traffic().failed(),
            read_buckets: Sides::default(),
            write_buckets: Sides::default(),
            decisions: app.flags().tally().totals().decisions,
        };
        if let Some(crossfade) = app.crossfade() {
            counters.add(crossfade);
        }
        counters
    }

    fn add(&mut self, crossfade: &Crossfade) {
        let counts = crossfade.counts().snapshot();
        for (reason, count) in &counts.reads {
            match reason.side(crossfade.primary()) {
                Side::Old => self.reads.old += count,
                Side::New => self.reads.new += count,
            }
        }
        for (mirror, count) in &counts.writes {
            self.writes[*mirror as usize] += count;
        }
        let buckets = |work| Sides {
            old: crossfade.latencies().of(Side::Old, work).snapshot().0,
            new: crossfade.latencies().of(Side::New, work).snapshot().0,
        };
        self.read_buckets = buckets(Work::Read);
        self.write_buckets = buckets(Work::Write);
    }
}

/// What a sample is, but for the journal.
fn since(before: &Counters, now: &Counters) -> Sample {
    let seconds = now.at.duration_since(before.at).as_secs_f64();
    let rate = |before: u64, now: u64| per_second(before, now, seconds);
    let write = |mirror: Mirror| rate(before.writes[mirror as usize], now.writes[mirror as usize]);
    let quantiles = |before: &Sides<Buckets>, now: &Sides<Buckets>| Sides {
        old: median_and_p95(&before.old, &now.old),
        new: median_and_p95(&before.new, &now.new),
    };
    Sample {
        at_ms: jiff::Timestamp::now().as_millisecond(),
        reads: Sides {
            old: rate(before.reads.old, now.reads.old),
            new: rate(before.reads.new, now.reads.new),
        },
        writes: Writes {
            applied: write(Mirror::Applied),
            pending: write(Mirror::Pending),
            not_asked: write(Mirror::NotAsked),
        },
        read_ms: quantiles(&before.read_buckets, &now.read_buckets),
        write_ms: quantiles(&before.write_buckets, &now.write_buckets),
        failed: rate(before.failed, now.failed),
        waiting: None,
        oldest_seconds: None,
    }
}

fn decided_since(before: &Counters, now: &Counters) -> BTreeMap<Outcome, f64> {
    let seconds = now.at.duration_since(before.at).as_secs_f64();
    let rates = now.decisions.iter().map(|(outcome, count)| {
        let earlier = before.decisions.get(outcome).copied().unwrap_or_default();
        (outcome.clone(), per_second(earlier, *count, seconds))
    });
    rates.collect()
}

/// Counters of sides move when the primary changes, so one may seem to shrink.
fn per_second(before: u64, now: u64, seconds: f64) -> f64 {
    let grown = now.saturating_sub(before) as f64;
    if seconds > 0.0 {
        rounded(grown / seconds)
    } else {
        0.0
    }
}

/// As exact as a picture shows.
fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

/// By what the buckets grew, in milliseconds; as if durations were spread evenly over each bucket.
fn median_and_p95(before: &Buckets, now: &Buckets) -> Option<[f64; 2]> {
    let grown: Vec<u64> = now
        .iter()
        .zip(before)
        .map(|(now, before)| now.saturating_sub(*before))
        .collect();
    let total: u64 = grown.iter().sum();
    (total > 0).then(|| [0.5, 0.95].map(|share| rounded(quantile(&grown, total, share))))
}

fn quantile(grown: &[u64], total: u64, share: f64) -> f64 {
    let wanted = share * total as f64;
    let mut seen = 0.0;
    let mut lower = 0.0;
    for (count, (upper, _)) in grown.iter().zip(BOUNDS) {
        let count = *count as f64;
        if count > 0.0 && seen + count >= wanted {
            return (lower + (upper - lower) * (wanted - seen) / count) * 1_000.0;
        }
        seen += count;
        lower = upper;
    }
    // What the last bucket holds has no upper end.
    lower * 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_within_the_bucket_that_holds_them() {
        let before: Buckets = [5; BOUNDS.len() + 1];
        assert_eq!(median_and_p95(&before, &before), None);
        let mut now = before;
        now[0] += 50; // up to 0.5 ms
        now[1] += 50; // up to 1 ms
        assert_eq!(median_and_p95(&before, &now), Some([0.5, 0.95]));
        now = before;
        now[BOUNDS.len()] += 1;
        assert_eq!(median_and_p95(&before, &now), Some([10_000.0; 2]));
    }

    #[test]
    fn a_counter_that_moved_to_the_other_side_is_no_negative_rate() {
        assert!(per_second(100, 40, 2.0).abs() < 1e-9);
        assert!((per_second(40, 100, 2.0) - 30.0).abs() < 1e-9);
    }
}
