//! How often each rule decided, counted without a word between threads.
//!
//! Each thread that decides has cells of its own, which it alone writes: a decision costs an addition in its own
//! cache. Whoever wants the numbers adds up all threads' cells, and what programs before the running one had counted.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossfade_evaluator::program::{Decision, Instance, Program};

/// What one set of rules decided, through all their revisions. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Tally(Arc<Mutex<Counted>>);

#[derive(Debug, Default)]
struct Counted {
    threads: Vec<Arc<Cells>>,
    /// Of threads and programs that are gone.
    past: Totals,
}

/// Numbers since the process started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Decisions on flags.
    pub decisions: BTreeMap<Outcome, u64>,
    /// Evaluations that failed, by feature.
    pub faults: BTreeMap<String, u64>,
    /// Contexts in which an attribute was not of its declared type, by attribute.
    pub mistyped: BTreeMap<String, u64>,
}

/// What a decision came to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Outcome {
    /// The feature.
    pub feature: String,
    /// The variation served.
    pub variation: String,
    /// The rule that matched; none for the default.
    pub rule: Option<String>,
}

/// One thread's numbers for one program.
#[derive(Debug)]
pub(super) struct Cells {
    program: Program,
    /// Each feature's first cell. A feature has one for each variation and each rule or none, and one for faults.
    starts: Box<[usize]>,
    counts: Box<[AtomicU64]>,
    mistyped: Mutex<BTreeMap<String, u64>>,
}

impl Tally {
    /// Cells for a thread that begins to decide by a program.
    pub(super) fn cells(&self, program: &Program) -> Arc<Cells> {
        let cells = Arc::new(Cells::new(program.clone()));
        let mut counted = self.counted();
        counted.bury();
        counted.threads.push(cells.clone());
        cells
    }

    /// All numbers now.
    pub fn totals(&self) -> Totals {
        let mut counted = self.counted();
        counted.bury();
        let mut totals = counted.past.clone();
        for cells in &counted.threads {
            cells.add_to(&mut totals);
        }
        totals
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counted {
    /// Keeps the numbers of threads that have gone, or gone on to another program, and lets go of the rest.
    fn bury(&mut self) {
        let past = &mut self.past;
        self.threads.retain(|cells| {
            let is_used = Arc::strong_count(cells) > 1;
            if !is_used {
                cells.add_to(past);
            }
            is_used
        });
    }
}

impl Cells {
    fn new(program: Program) -> Self {
        let mut cells = 0;
        let starts = program.metadata().features.iter().map(|feature| {
            let start = cells;
            cells += feature.variations.len() * (feature.rules.len() + 1) + 1;
            start
        });
        let starts = starts.collect();
        Self {
            program,
            starts,
            counts: (0..cells).map(|_| AtomicU64::new(0)).collect(),
            mistyped: Mutex::default(),
        }
    }

    /// One more decision.
    #[inline]
    pub(super) fn count(&self, decision: &Decision<'_>) {
        let numbers = decision.numbers;
        let features = &self.program.metadata().features;
        let (Some(start), Some(feature)) = (self.starts.get(numbers.feature), features.get(numbers.feature))
        else {
            return;
        };
        let outcomes = feature.rules.len() + 1;
        let cell = if decision.fault.is_some() {
            outcomes * feature.variations.len()
        } else {
            outcomes * numbers.variation + numbers.rule.map_or(0, |rule| rule + 1)
        };
        if let Some(cell) = self.counts.get(start + cell) {
            // This thread alone writes it, so that this is no lock and loses nothing.
            cell.store(cell.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        }
    }

    /// Notes what the context that was just decided on got wrong, which is seldom anything.
    #[inline]
    pub(super) fn count_mistyped(&self, instance: &Instance) {
        if instance.is_mistyped() {
            let mut mistyped = self.mistyped.lock().unwrap_or_else(PoisonError::into_inner);
            for attribute in instance.mistyped() {
                *mistyped.entry(attribute.to_owned()).or_default() += 1;
            }
        }
    }

    fn add_to(&self, totals: &mut Totals) {
        let features = self.program.metadata().features.iter().zip(&self.starts);
        for (feature, start) in features {
            let rules = feature.rules.iter().map(|rule| Some(&rule.name));
            let rules: Vec<Option<&String>> = std::iter::once(None).chain(rules).collect();
            let outcomes = feature
                .variations
                .iter()
                .flat_map(|variation| rules.iter().map(move |rule| (variation, *rule)));
            for ((variation, rule), cell) in outcomes.zip(self.counts.iter().skip(*start)) {
                let count = cell.load(Ordering::Relaxed);
                if count > 0 {
                    let outcome = Outcome {
                        feature: feature.name.clone(),
                        variation: variation.clone(),
                        rule: rule.cloned(),
                    };
                    *totals.decisions.entry(outcome).or_default() += count;
                }
            }
            let faults = self.counts.get(start + feature.variations.len() * rules.len());
            let faults = faults.map_or(0, |cell| cell.load(Ordering::Relaxed));
            if faults > 0 {
                *totals.faults.entry(feature.name.clone()).or_default() += faults;
            }
        }
        let mistyped = self.mistyped.lock().unwrap_or_else(PoisonError::into_inner);
        for (attribute, count) in &*mistyped {
            *totals.mistyped.entry(attribute.clone()).or_default() += count;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::super::{Flags, RequestContext, Route};
    use super::{Outcome, Totals};

    fn story() -> Flags {
        Flags::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules")).unwrap()
    }

    fn context(attributes: serde_json::Value) -> RequestContext {
        serde_json::from_value(attributes).unwrap()
    }

    fn of(totals: &Totals, variation: &str, rule: Option<&str>) -> u64 {
        let outcome = Outcome {
            feature: "postgres-migration".to_owned(),
            variation: variation.to_owned(),
            rule: rule.map(str::to_owned),
        };
        totals.decisions.get(&outcome).copied().unwrap_or(0)
    }

    #[test]
    fn decisions_are_counted_by_variation_and_rule_over_all_threads() {
        let flags = story();
        let tester = context(json!({ "targetingKey": "123" }));
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| flags.decide("read", &tester, |_| ()).unwrap());
            }
        });
        flags.route(&context(json!({ "targetingKey": "900" })));
        flags.decide_all(&tester, |_, _| ()).unwrap();
        let totals = flags.tally().totals();
        assert_eq!(of(&totals, "testing-groups", Some("Testing Group")), 3 + 2);
        assert_eq!(of(&totals, "user-groups", None), 2);
        assert_eq!(totals.decisions.values().sum::<u64>(), 7);
    }

    #[test]
    fn numbers_outlive_the_rules_that_they_were_counted_by() {
        let flags = story();
        let tester = context(json!({ "targetingKey": "123" }));
        flags.decide("read", &tester, |_| ()).unwrap();
        flags.fix(Route::default());
        flags.decide("read", &tester, |_| ()).unwrap();
        let totals = flags.tally().totals();
        assert_eq!(of(&totals, "testing-groups", Some("Testing Group")), 1);
        assert_eq!(totals.decisions.values().sum::<u64>(), 2);
    }

    #[test]
    fn attributes_of_another_type_than_declared_are_counted_by_name() {
        let flags = story();
        let wrong = context(json!({ "targetingKey": "900", "country": 7 }));
        flags.decide("read", &wrong, |_| ()).unwrap();
        let right = context(json!({ "targetingKey": "900", "country": "IN" }));
        flags.decide("read", &right, |_| ()).unwrap();
        let mistyped = flags.tally().totals().mistyped;
        assert_eq!(mistyped, [("country".to_owned(), 1)].into());
    }
}
