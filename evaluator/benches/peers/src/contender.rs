//! An engine with a workload's rules, ready to decide, and how long that takes it.

use std::hint::black_box;
use std::time::Duration;

use anyhow::ensure;
use nix::time::{ClockId, clock_gettime};

use crate::workload::Workload;

/// Whether each feature is on.
pub(crate) type Answers = [bool];

pub(crate) struct Contender {
    pub(crate) engine: &'static str,
    /// In which form it takes contexts, and what is left out of its measure.
    pub(crate) form: &'static str,
    /// Its buckets for rollouts are others than ours.
    pub(crate) other_buckets: bool,
    decide: Decide,
    rounds: Vec<f64>,
    /// Decisions of a round.
    count: usize,
    /// The context that is decided next.
    next: usize,
}

/// Decides, and leaves the answers for the last context.
type Decide = Box<dyn FnMut(Turn, &mut Answers)>;

/// Which contexts are decided: so many from one on, and all over again after the last.
#[derive(Clone, Copy)]
struct Turn {
    first: usize,
    count: usize,
    contexts: usize,
}

/// How long a round should take: long against the clock's own cost, short against what else a machine does.
const ROUND: Duration = Duration::from_millis(2);

impl Contender {
    /// `decide` answers all features for a context by its position.
    pub(crate) fn new(
        engine: &'static str,
        form: &'static str,
        mut decide: impl FnMut(usize, &mut Answers) + 'static,
    ) -> Self {
        let decide = move |turn: Turn, answers: &mut Answers| {
            let mut nth = turn.first;
            for _ in 0..turn.count {
                decide(black_box(nth), answers);
                black_box(&mut *answers);
                nth = if nth + 1 == turn.contexts { 0 } else { nth + 1 };
            }
        };
        Self {
            engine,
            form,
            other_buckets: false,
            decide: Box::new(decide),
            rounds: Vec::new(),
            count: 1,
            next: 0,
        }
    }

    pub(crate) fn with_other_buckets(self) -> Self {
        Self {
            other_buckets: true,
            ..self
        }
    }

    /// Its answers for one context.
    pub(crate) fn answers(&mut self, nth: usize, workload: &Workload) -> Vec<bool> {
        let mut answers = vec![false; workload.features.len()];
        let turn = Turn {
            first: nth,
            count: 1,
            contexts: workload.contexts.len(),
        };
        (self.decide)(turn, &mut answers);
        answers
    }

    /// Finds out how many decisions make a round.
    pub(crate) fn warm_up(&mut self, workload: &Workload) -> anyhow::Result<()> {
        while self.time(workload)? < ROUND {
            self.count *= 2;
        }
        Ok(())
    }

    /// One more round.
    pub(crate) fn round(&mut self, workload: &Workload) -> anyhow::Result<()> {
        let took = self.time(workload)?;
        self.rounds.push(took.as_secs_f64() * 1e9 / self.count as f64);
        Ok(())
    }

    fn time(&mut self, workload: &Workload) -> anyhow::Result<Duration> {
        let mut answers = vec![false; workload.features.len()];
        let contexts = workload.contexts.len();
        let turn = Turn {
            first: self.next,
            count: self.count,
            contexts,
        };
        let began = processor_time()?;
        (self.decide)(turn, &mut answers);
        let took = processor_time()? - began;
        self.next = (self.next + self.count) % contexts;
        Ok(took)
    }

    /// Nanoseconds of processor time for one context.
    pub(crate) fn median_ns(&self) -> f64 {
        let mut rounds = self.rounds.clone();
        rounds.sort_unstable_by(f64::total_cmp);
        rounds.get(rounds.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

/// Fails unless an engine decides as the first does, but for those whom only a rollout's bucket parts.
pub(crate) fn agree(contenders: &mut [Contender], workload: &Workload) -> anyhow::Result<()> {
    let Some((first, others)) = contenders.split_first_mut() else {
        return Ok(());
    };
    for (context, nth) in workload.contexts.iter().zip(0..) {
        let expected = first.answers(nth, workload);
        for other in &mut *others {
            let answers = other.answers(nth, workload);
            let by_bucket = |feature: usize| {
                let rules = &workload.features[feature].rules;
                let matched = rules
                    .iter()
                    .find(|rule| rule.tests.iter().all(|test| test.holds(context)));
                other.other_buckets && matched.is_some_and(|rule| rule.percent.is_some())
            };
            let differs = (0..answers.len()).find(|&at| answers[at] != expected[at] && !by_bucket(at));
            ensure!(
                differs.is_none(),
                "{} ({}) decides {} otherwise for {:?}",
                other.engine,
                other.form,
                workload.features[differs.unwrap_or_default()].key,
                context.pairs()
            );
        }
    }
    Ok(())
}

fn processor_time() -> anyhow::Result<Duration> {
    Ok(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)?.into())
}
