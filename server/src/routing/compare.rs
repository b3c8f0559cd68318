//! Compare mode: a read that one database has answered is asked of the other too, beside the request, and keys whose
//! rows differ for good are recorded.
//!
//! Two answers may differ because a row changed between them, or is on its way. So where they do, the rows of both
//! are looked at once more by their keys, under the mirror's own locks: only what differs there, with nothing
//! pending, is a difference.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use diesel_async::AsyncPgConnection;
use serde::Serialize;
use tokio::sync::Semaphore;

use crate::catalog::Table;
use crate::config::Percent;
use crate::databases::{DatabaseError, Side, with_causes};
use crate::flags::RequestContext;
use crate::verify::{KEYS_AT_ONCE, confirm};

use super::crossfade::Crossfade;
use super::differences::Differences;
use super::read::ReadReason;

/// A read that can be asked of either database.
pub trait Question: Send + Sync + 'static {
    /// What a database says.
    type Answer: PartialEq + Send + Sync + 'static;

    /// The table that it reads.
    fn table(&self) -> &Table;

    /// Asks it.
    fn ask(
        &self,
        connection: &mut AsyncPgConnection,
    ) -> impl Future<Output = diesel::QueryResult<Self::Answer>> + Send;

    /// The keys of the rows that the answer is made of: each key's values as text, in the key's order.
    fn keys(
        &self,
        connection: &mut AsyncPgConnection,
    ) -> impl Future<Output = diesel::QueryResult<Vec<Vec<String>>>> + Send;
}

/// How a comparison ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Comparison {
    /// Both databases answered the same.
    Equal,
    /// The answers differed, the rows do not: they changed meanwhile, or the databases order or choose them
    /// differently.
    SameRows,
    /// Rows differ that the journal still holds changes of.
    Pending,
    /// Rows differ for good; their keys are recorded.
    Different,
    /// The other database, or either when it was asked for keys, did not answer.
    Failed,
    /// Too many comparisons were under way.
    Skipped,
}

impl Comparison {
    /// All of them, in the order of their discriminants.
    pub const ALL: [Self; 6] = [
        Self::Equal,
        Self::SameRows,
        Self::Pending,
        Self::Different,
        Self::Failed,
        Self::Skipped,
    ];
}

/// Which reads are compared, and what was found.
#[derive(Debug)]
pub(super) struct Comparing {
    sample: Sample,
    under_way: Arc<Semaphore>,
    differences: Differences,
}

/// Comparisons at once: each asks both databases for what nobody waits for.
const MOST_AT_ONCE: usize = 4;

impl Comparing {
    pub(super) fn new(share: Percent) -> Self {
        Self {
            sample: Sample {
                share,
                reads: AtomicU64::new(0),
            },
            under_way: Arc::new(Semaphore::new(MOST_AT_ONCE)),
            differences: Differences::default(),
        }
    }
}

impl Crossfade {
    /// Asks the other database what `side` has answered, in a task of its own. Nobody waits for it: what it finds is
    /// in the counts, the log and [`Crossfade::differences`].
    pub fn compare<Q: Question>(&self, question: Q, side: Side, answer: Q::Answer) {
        let Ok(permit) = self.comparing().under_way.clone().try_acquire_owned() else {
            self.counts().comparison(Comparison::Skipped);
            return;
        };
        let crossfade = self.clone();
        tokio::spawn(async move {
            let found = crossfade
                .compare_now(&question, side, &answer)
                .await
                .unwrap_or_else(|error| {
                    log::debug!(
                        "a read of {} could not be compared: {}",
                        question.table(),
                        with_causes(&error)
                    );
                    Comparison::Failed
                });
            crossfade.counts().comparison(found);
            drop(permit);
        });
    }

    /// Rows that reads were found to differ in.
    pub fn differences(&self) -> &Differences {
        &self.comparing().differences
    }

    /// Whether a read is to be compared: there must be two databases that could say the same.
    pub(super) fn is_to_be_compared(&self, context: &RequestContext, reason: ReadReason) -> bool {
        let comparable = match reason {
            ReadReason::FlagNew | ReadReason::FlagOld | ReadReason::Behind => true,
            ReadReason::NotCopied | ReadReason::CircuitOpen | ReadReason::NewFailed => false,
        };
        comparable
            && self.standing().state().is_captured()
            && self.is_copied()
            && (self.comparing().sample.takes_next() || self.flags().compares(context))
    }

    async fn compare_now<Q: Question>(
        &self,
        question: &Q,
        side: Side,
        answer: &Q::Answer,
    ) -> Result<Comparison, DatabaseError> {
        let other = side.other();
        let of_other = {
            let mut connection = self.databases().connection(other).await?;
            question
                .ask(&mut connection)
                .await
                .map_err(DatabaseError::statement(other))?
        };
        if of_other == *answer {
            return Ok(Comparison::Equal);
        }
        let mut keys = BTreeSet::new();
        for side in [side, other] {
            let mut connection = self.databases().connection(side).await?;
            let of_side = question
                .keys(&mut connection)
                .await
                .map_err(DatabaseError::statement(side))?;
            keys.extend(of_side);
        }
        let keys: Vec<Vec<String>> = keys.into_iter().collect();
        let mut found = Comparison::SameRows;
        for keys in keys.chunks(KEYS_AT_ONCE) {
            let confirmed = confirm(self.databases(), self.primary(), question.table(), keys).await?;
            if !confirmed.differences.is_empty() {
                found = Comparison::Different;
                self.comparing().differences.record(confirmed.differences);
            } else if found == Comparison::SameRows && !confirmed.pending.is_empty() {
                found = Comparison::Pending;
            }
        }
        Ok(found)
    }
}

/// Takes a share of all reads, spread evenly and in no pattern that traffic could have too.
#[derive(Debug)]
struct Sample {
    share: Percent,
    reads: AtomicU64,
}

impl Sample {
    fn takes_next(&self) -> bool {
        if self.share == Percent::ZERO {
            return false;
        }
        let number = self.reads.fetch_add(1, Ordering::Relaxed);
        // SplitMix64's last steps (G. Steele, D. Lea, C. Flood, 2014) make numbers in a row look random.
        let mut mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        self.share.takes(mixed ^ (mixed >> 31))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(share: &str) -> usize {
        let sample = Sample {
            share: share.parse().unwrap(),
            reads: AtomicU64::new(0),
        };
        (0..100_000).filter(|_| sample.takes_next()).count()
    }

    #[test]
    fn the_sample_is_as_large_as_was_asked() {
        assert_eq!(taken("0%"), 0);
        assert_eq!(taken("100%"), 100_000);
        // Three standard deviations of a binomial around 1,000: 3 · √(100,000 · 0.01 · 0.99).
        assert!(taken("1%").abs_diff(1_000) < 95, "{}", taken("1%"));
    }
}
