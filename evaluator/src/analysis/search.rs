//! All outcomes of plans, by deciding them under assumptions: whatever a decision asks for next is assumed to be of each class in turn.

use std::ops::ControlFlow;

use super::STEPS;
use super::domain::{Class, bucketed_text};
use super::formula::{AttributeRef, Formula};
use super::model::{BucketRef, Model, OpaqueId, Plan, Step};
use crate::condition::Literal;
use crate::rules::{Serve, Window, buckets};

use super::question::holds;

/// Hashes there are.
const EVERYBODY: u64 = 1 << 32;

/// So many rules are decided in the time that the rest of a step takes.
const RULES_A_STEP: usize = 8;

/// What is assumed so far.
#[derive(Debug, Clone)]
pub(super) struct Assumptions {
    /// For each attribute, the number of a class.
    pub(super) classes: Vec<Option<usize>>,
    pub(super) now_ms: Option<i64>,
    /// For each range of buckets, from a hash (included) to another (excluded).
    pub(super) hashes: Vec<(u64, u64)>,
    /// For each of what cannot be taken apart, what it is.
    pub(super) opaque: Vec<Option<Opaque>>,
}

/// What something may be that cannot be taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opaque {
    True,
    False,
    Unknown,
}

/// What a plan serves: a rule's position, or none for the default, and a variation's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Served {
    pub(super) rule: Option<usize>,
    pub(super) variation: usize,
}

/// What must be assumed next.
#[derive(Debug, Clone, Copy)]
enum Next {
    Class(AttributeRef),
    Now,
    /// On which side of a hash the bucket is.
    Hash(BucketRef, u64),
    Opaque(OpaqueId),
}

/// A formula's value, as far as the assumptions go.
type Truth = Result<Option<bool>, Next>;

/// Why a search did not see everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gap {
    /// It would have taken too many steps.
    TooLong,
    /// An attribute has more classes than were found.
    Classes(AttributeRef),
    /// More changes by time than were looked at.
    Moments,
}

/// A walk through everything that can be assumed.
pub(super) struct Search<'m> {
    model: &'m Model,
    steps_left: usize,
    /// A decision of many rules takes longer.
    step_costs: usize,
    /// The first reason why something may have been missed.
    pub(super) gap: Option<Gap>,
}

impl<'m> Search<'m> {
    pub(super) fn new(model: &'m Model) -> Self {
        let rules: usize = model.plans.iter().map(|plan| plan.steps.len()).sum();
        Self {
            model,
            steps_left: STEPS,
            step_costs: 1 + rules / RULES_A_STEP,
            gap: None,
        }
    }

    /// Calls `visit` with what all plans serve, once for each set of assumptions that decides that.
    pub(super) fn outcomes<B>(
        &mut self,
        mut visit: impl FnMut(&Assumptions, &[Served]) -> ControlFlow<B>,
    ) -> Option<B> {
        let model = self.model;
        let decide = |assumed: &Assumptions| {
            model
                .plans
                .iter()
                .map(|plan| model.served(plan, assumed))
                .collect::<Result<Vec<Served>, Next>>()
        };
        self.walk(model.nothing(), &decide, &mut |assumed, served: Vec<Served>| {
            visit(assumed, &served)
        })
        .break_value()
    }

    /// Calls `visit` for every set of assumptions under which a rule's condition holds while the rule is in force: whether it would serve
    /// whoever gets to it, and who serves.
    pub(super) fn matches(&mut self, plan: &Plan, rule: usize, mut visit: impl FnMut(bool, Served)) {
        let model = self.model;
        let decide = |assumed: &Assumptions| {
            let step = &plan.steps[rule];
            if !Model::is_open(step.window, assumed)? || model.truth(&step.condition, assumed)? != Some(true)
            {
                return Ok(None);
            }
            let would_serve =
                model.is_rolled_out(step, assumed)? && model.variation(step, assumed)?.is_some();
            Ok(Some((would_serve, model.served(plan, assumed)?)))
        };
        let mut visit = |_: &Assumptions, found: Option<(bool, Served)>| {
            if let Some((would_serve, served)) = found {
                visit(would_serve, served);
            }
            ControlFlow::<()>::Continue(())
        };
        let _ = self.walk(model.nothing(), &decide, &mut visit);
    }

    fn walk<T, B>(
        &mut self,
        assumed: Assumptions,
        decide: &impl Fn(&Assumptions) -> Result<T, Next>,
        visit: &mut impl FnMut(&Assumptions, T) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        // A stack of our own: what a decision asks for may be thousands.
        let mut open = vec![assumed];
        while let Some(assumed) = open.pop() {
            if self.steps_left < self.step_costs {
                self.gap = Some(Gap::TooLong);
                return ControlFlow::Continue(());
            }
            self.steps_left -= self.step_costs;
            match decide(&assumed) {
                Ok(decided) => visit(&assumed, decided)?,
                Err(next) => self.branch(&assumed, next, &mut open),
            }
        }
        ControlFlow::Continue(())
    }

    /// What can be assumed, the simplest last, which is looked at first.
    fn branch(&mut self, assumed: &Assumptions, next: Next, open: &mut Vec<Assumptions>) {
        let mut add = |change: &dyn Fn(&mut Assumptions)| {
            let mut changed = assumed.clone();
            change(&mut changed);
            open.push(changed);
        };
        match next {
            Next::Class(attribute) => {
                let domain = &self.model.domains[attribute.0];
                for class in (0..domain.classes.len()).rev() {
                    add(&|assumed| assumed.classes[attribute.0] = Some(class));
                }
                if !domain.is_complete {
                    self.gap.get_or_insert(Gap::Classes(attribute));
                }
            }
            Next::Now => {
                for moment_ms in self.model.moments.moments_ms.iter().rev() {
                    add(&|assumed| assumed.now_ms = Some(*moment_ms));
                }
                if !self.model.moments.is_complete {
                    self.gap.get_or_insert(Gap::Moments);
                }
            }
            Next::Hash(bucket, hash) => {
                let (least, end) = assumed.hashes[bucket.0];
                add(&|assumed| assumed.hashes[bucket.0] = (hash, end));
                add(&|assumed| assumed.hashes[bucket.0] = (least, hash));
            }
            Next::Opaque(opaque) => {
                for truth in [Opaque::Unknown, Opaque::False, Opaque::True] {
                    add(&|assumed| assumed.opaque[opaque.0] = Some(truth));
                }
            }
        }
    }
}

impl Model {
    fn nothing(&self) -> Assumptions {
        Assumptions {
            classes: vec![None; self.variables.attributes.len()],
            now_ms: None,
            hashes: vec![(0, EVERYBODY); self.variables.buckets.len()],
            opaque: vec![None; self.variables.opaque.len()],
        }
    }

    fn served(&self, plan: &Plan, assumed: &Assumptions) -> Result<Served, Next> {
        for (rule, step) in plan.steps.iter().enumerate() {
            if Self::is_open(step.window, assumed)?
                && self.truth(&step.condition, assumed)? == Some(true)
                && self.is_rolled_out(step, assumed)?
                && let Some(variation) = self.variation(step, assumed)?
            {
                return Ok(Served {
                    rule: Some(rule),
                    variation,
                });
            }
        }
        Ok(Served {
            rule: None,
            variation: plan.default,
        })
    }

    fn is_open(window: Window, assumed: &Assumptions) -> Result<bool, Next> {
        if window == Window::default() {
            return Ok(true);
        }
        let now_ms = assumed.now_ms.ok_or(Next::Now)?;
        Ok(window.from_ms.is_none_or(|from_ms| now_ms >= from_ms)
            && window.to_ms.is_none_or(|to_ms| now_ms < to_ms))
    }

    fn is_rolled_out(&self, step: &Step, assumed: &Assumptions) -> Result<bool, Next> {
        let Some((rollout, bucket)) = &step.rollout else {
            return Ok(true);
        };
        let now_ms = if rollout.is_scheduled() {
            assumed.now_ms.ok_or(Next::Now)?
        } else {
            0
        };
        let within = buckets::within_rollout(rollout.share_at(now_ms).0);
        Ok(self.is_below(*bucket, within, assumed)? == Some(true))
    }

    /// What a rule serves; none where there is nothing to go by.
    fn variation(&self, step: &Step, assumed: &Assumptions) -> Result<Option<usize>, Next> {
        let (weights, bucket) = match (&step.serve, step.weights) {
            (Serve::One(variation), _) => return Ok(Some(*variation)),
            (Serve::Weighted(weights), Some(bucket)) => (weights, bucket),
            (Serve::Weighted(weights), None) => return Ok(weights.first().map(|(variation, _)| *variation)),
        };
        let Some(((last, _), others)) = weights.split_last() else {
            return Ok(None);
        };
        let mut sum = 0.0;
        for (variation, share) in others {
            sum += share.0;
            match self.is_below(bucket, buckets::below(sum), assumed)? {
                Some(true) => return Ok(Some(*variation)),
                Some(false) => {}
                None => return Ok(None),
            }
        }
        // A value is needed even where the first shares are nobody's.
        Ok(self
            .class(self.variables.buckets[bucket.0].by, assumed)?
            .member
            .as_ref()
            .map(|_| *last))
    }

    /// Whether the bucket's hash is below another; none where there is nothing to go by.
    fn is_below(&self, bucket: BucketRef, hash: u64, assumed: &Assumptions) -> Result<Option<bool>, Next> {
        if hash == EVERYBODY && self.variables.buckets[bucket.0].is_rollout {
            return Ok(Some(true));
        }
        if hash == 0 && self.variables.buckets[bucket.0].is_rollout {
            return Ok(Some(false));
        }
        let buckets = &self.variables.buckets[bucket.0];
        let class = self.class(buckets.by, assumed)?;
        let Some(member) = &class.member else {
            return Ok(None);
        };
        if class.is_single {
            return Ok(buckets.hash(member).map(|own| own < hash));
        }
        let (least, end) = assumed.hashes[bucket.0];
        if end <= hash {
            Ok(Some(true))
        } else if least >= hash {
            Ok(Some(false))
        } else {
            Err(Next::Hash(bucket, hash))
        }
    }

    fn class(&self, attribute: AttributeRef, assumed: &Assumptions) -> Result<&Class, Next> {
        let class = assumed.classes[attribute.0].ok_or(Next::Class(attribute))?;
        self.domains[attribute.0]
            .classes
            .get(class)
            .ok_or(Next::Class(attribute))
    }

    fn truth(&self, formula: &Formula, assumed: &Assumptions) -> Truth {
        match formula {
            Formula::Known(value) => Ok(Some(*value)),
            Formula::Ask(attribute, question) => {
                let class = self.class(*attribute, assumed)?;
                Ok(class.member.as_ref().map(|_| class.answers[*question]))
            }
            Formula::Has(attribute) => Ok(Some(self.class(*attribute, assumed)?.member.is_some())),
            Formula::Now(comparison, instant) => {
                let now_ms = assumed.now_ms.ok_or(Next::Now)?;
                Ok(Some(holds(
                    *comparison,
                    &moment(i128::from(now_ms) * 1_000_000),
                    &moment(*instant),
                )))
            }
            Formula::Opaque(opaque) => Ok(match assumed.opaque[opaque.0].ok_or(Next::Opaque(*opaque))? {
                Opaque::True => Some(true),
                Opaque::False => Some(false),
                Opaque::Unknown => None,
            }),
            Formula::Not(operand) => Ok(self.truth(operand, assumed)?.map(|value| !value)),
            Formula::And(operands) => self.joined(operands, false, assumed),
            Formula::Or(operands) => self.joined(operands, true, assumed),
            Formula::If(parts) => match self.truth(&parts[0], assumed)? {
                Some(true) => self.truth(&parts[1], assumed),
                Some(false) => self.truth(&parts[2], assumed),
                None => Ok(None),
            },
        }
    }

    /// `&&` and `||`: one operand that decides is enough, whatever is not assumed yet.
    fn joined(&self, operands: &[Formula], deciding: bool, assumed: &Assumptions) -> Truth {
        let mut truth = Ok(Some(!deciding));
        for operand in operands {
            match self.truth(operand, assumed) {
                Ok(Some(value)) if value == deciding => return Ok(Some(deciding)),
                Ok(None) if truth.is_ok() => truth = Ok(None),
                Err(next) if truth.is_ok() => truth = Err(next),
                _ => {}
            }
        }
        truth
    }
}

impl super::model::Buckets {
    /// Where a value stands.
    pub(super) fn hash(&self, member: &super::question::Member) -> Option<u64> {
        let mut text = bucketed_text(member)?;
        if self.is_rollout {
            text.extend_from_slice(b"_rollout");
        }
        Some(u64::from(buckets::murmur3(&text, self.seed)))
    }
}

fn moment(nanoseconds: i128) -> Literal {
    Literal::Timestamp {
        seconds: nanoseconds.div_euclid(1_000_000_000) as i64,
        nanos: nanoseconds.rem_euclid(1_000_000_000) as u32,
    }
}
