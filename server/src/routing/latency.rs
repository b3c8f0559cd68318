//! How long each database takes, in buckets.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::databases::Side;

/// The upper ends of the buckets in seconds, and their names as Prometheus writes them: from what a read by key takes
/// on a local network to what nobody waits for.
pub const BOUNDS: [(f64, &str); 14] = [
    (0.000_5, "0.0005"),
    (0.001, "0.001"),
    (0.002_5, "0.0025"),
    (0.005, "0.005"),
    (0.01, "0.01"),
    (0.025, "0.025"),
    (0.05, "0.05"),
    (0.1, "0.1"),
    (0.25, "0.25"),
    (0.5, "0.5"),
    (1.0, "1"),
    (2.5, "2.5"),
    (5.0, "5"),
    (10.0, "10"),
];

/// Durations by bucket.
#[derive(Debug, Default)]
pub struct Histogram {
    /// The last bucket has no upper end.
    buckets: [AtomicU64; BOUNDS.len() + 1],
    sum_us: AtomicU64,
}

/// What takes time on a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// An application's read, a connection for it included.
    Read,
    /// An application's write on the primary, with its commit.
    Write,
    /// A mirror that a write waits for.
    Mirror,
}

impl Work {
    /// All of them, in the order of their discriminants.
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Mirror];

    /// As metrics name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Mirror => "mirror",
        }
    }
}

/// Durations by database and work.
#[derive(Debug, Default)]
pub struct Latencies {
    old: [Histogram; Work::ALL.len()],
    new: [Histogram; Work::ALL.len()],
}

impl Histogram {
    /// One more.
    pub fn observe(&self, took: Duration) {
        let seconds = took.as_secs_f64();
        let bucket = BOUNDS.iter().position(|(bound, _)| seconds <= *bound);
        self.buckets[bucket.unwrap_or(BOUNDS.len())].fetch_add(1, Ordering::Relaxed);
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.sum_us.fetch_add(took_us, Ordering::Relaxed);
    }

    /// How many there are in each bucket, and what they add up to in seconds.
    pub fn snapshot(&self) -> ([u64; BOUNDS.len() + 1], f64) {
        let counts = std::array::from_fn(|bucket| self.buckets[bucket].load(Ordering::Relaxed));
        (counts, self.sum_us.load(Ordering::Relaxed) as f64 / 1e6)
    }
}

impl Latencies {
    /// The durations of one kind of work on one side.
    pub fn of(&self, side: Side, work: Work) -> &Histogram {
        let side = match side {
            Side::Old => &self.old,
            Side::New => &self.new,
        };
        &side[work as usize]
    }

    /// Notes how long work that began at `began` has taken.
    pub(super) fn took(&self, side: Side, work: Work, began: Instant) {
        self.of(side, work).observe(began.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_counts_in_the_bucket_whose_end_it_does_not_pass() {
        let histogram = Histogram::default();
        for took_us in [100, 500, 501, 20_000_000] {
            histogram.observe(Duration::from_micros(took_us));
        }
        let (counts, sum) = histogram.snapshot();
        assert_eq!((counts[0], counts[1], counts[BOUNDS.len()]), (2, 1, 1));
        assert!((sum - 20.001_101).abs() < 1e-9, "{sum}");
    }

    #[test]
    fn bounds_are_named_as_they_are() {
        assert!(BOUNDS.iter().all(|(bound, name)| name.parse() == Ok(*bound)));
        assert!(BOUNDS.is_sorted());
    }
}
