//! How many requests went where, and why.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use super::compare::Comparison;
use super::read::ReadReason;
use super::write::Mirror;

/// Counters of one server since it started.
#[derive(Debug, Default)]
pub struct Counts {
    reads: [AtomicU64; ReadReason::ALL.len()],
    mirrors: [AtomicU64; Mirror::ALL.len()],
    comparisons: [AtomicU64; Comparison::ALL.len()],
}

/// The counters at one moment: name and number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CountsSnapshot {
    /// Reads by reason; [`ReadReason::side`] tells where each went.
    pub reads: Vec<(ReadReason, u64)>,
    /// Writes by what became of their mirror.
    pub writes: Vec<(Mirror, u64)>,
    /// Comparisons of reads by how they ended.
    pub comparisons: Vec<(Comparison, u64)>,
}

impl Counts {
    pub(super) fn read(&self, reason: ReadReason) {
        self.reads[reason as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn write(&self, mirror: Mirror) {
        self.mirrors[mirror as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn comparison(&self, found: Comparison) {
        self.comparisons[found as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// All counters now.
    pub fn snapshot(&self) -> CountsSnapshot {
        let loaded = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CountsSnapshot {
            reads: ReadReason::ALL
                .iter()
                .copied()
                .zip(self.reads.iter().map(loaded))
                .collect(),
            writes: Mirror::ALL
                .iter()
                .copied()
                .zip(self.mirrors.iter().map(loaded))
                .collect(),
            comparisons: Comparison::ALL
                .iter()
                .copied()
                .zip(self.comparisons.iter().map(loaded))
                .collect(),
        }
    }
}
