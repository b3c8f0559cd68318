//! What a feature's tests reach, of what can be reached.

use std::collections::{BTreeSet, HashSet};

use serde::Serialize;

use super::report::Decided;
use crate::condition::{Kind, Literal};
use crate::rules::{Feature, Rollout, Serve, Share, TargetingRule, Window};
use crate::source::{Place, Sources, Span};

/// How much of a feature its tests reach: the rules that decide some test, the variations that some test is served, and
/// the default. What plainly nobody can reach counts nowhere: a rule whose rollout is 0 %, a variation that nothing
/// serves, the default behind a rule that takes everyone, the rules of a feature that is off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// The feature.
    pub feature: String,
    /// Where its name stands.
    #[serde(flatten)]
    pub place: Place,
    /// Rules.
    pub rules: Count,
    /// Variations.
    pub variations: Count,
    /// The default: one, or none where nobody can get it.
    pub default: Count,
    /// What no test reaches.
    pub gaps: Vec<Gap>,
}

/// So many of so many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Reached by a test.
    pub reached: usize,
    /// All that can be.
    pub of: usize,
}

/// Something that no test reaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// What it is.
    pub kind: GapKind,
    /// The rule's name, the variation's, or that of the variation that is the default.
    pub name: String,
    /// Where it stands.
    #[serde(flatten)]
    pub place: Place,
}

/// What a test can reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GapKind {
    /// A rule.
    Rule,
    /// A variation.
    Variation,
    /// What is served where no rule is.
    Default,
}

/// What the tests of one feature came to.
#[derive(Debug, Default)]
pub(super) struct Reached {
    /// By name, as decisions tell them: rules of one name are one rule here.
    rules: HashSet<String>,
    variations: HashSet<String>,
    default: bool,
}

impl Reached {
    pub(super) fn note(&mut self, decided: &Decided) {
        self.variations.insert(decided.variation.clone());
        match &decided.rule {
            Some(rule) => drop(self.rules.insert(rule.clone())),
            None => self.default = true,
        }
    }
}

impl Coverage {
    pub(super) fn of(feature: &Feature, reached: &Reached, sources: &Sources) -> Self {
        let mut coverage = Self {
            feature: feature.name.clone(),
            place: sources.place(feature.span),
            rules: Count::default(),
            variations: Count::default(),
            default: Count::default(),
            gaps: Vec::new(),
        };
        let rules: Vec<&TargetingRule> = feature
            .targeting
            .iter()
            .filter(|rule| feature.enabled && !is_idle(rule))
            .collect();
        let default = !rules.iter().any(|rule| takes_everyone(rule));

        let mut variations: BTreeSet<usize> = rules.iter().flat_map(|rule| served(rule)).collect();
        if default {
            variations.insert(feature.default);
        }
        for rule in rules {
            let is_reached = reached.rules.contains(&rule.name);
            coverage.count(GapKind::Rule, &rule.name, rule.span, is_reached, sources);
        }
        let served = variations
            .into_iter()
            .filter_map(|position| feature.variations.get(position));
        for variation in served {
            let is_reached = reached.variations.contains(&variation.name);
            coverage.count(
                GapKind::Variation,
                &variation.name,
                variation.span,
                is_reached,
                sources,
            );
        }
        if let Some(variation) = feature.variations.get(feature.default).filter(|_| default) {
            coverage.count(
                GapKind::Default,
                &variation.name,
                variation.span,
                reached.default,
                sources,
            );
        }
        coverage
    }

    /// All three together.
    pub fn total(&self) -> Count {
        let counts = [self.rules, self.variations, self.default];
        Count {
            reached: counts.iter().map(|count| count.reached).sum(),
            of: counts.iter().map(|count| count.of).sum(),
        }
    }

    fn count(&mut self, kind: GapKind, name: &str, span: Span, is_reached: bool, sources: &Sources) {
        let count = match kind {
            GapKind::Rule => &mut self.rules,
            GapKind::Variation => &mut self.variations,
            GapKind::Default => &mut self.default,
        };
        count.of += 1;
        if is_reached {
            count.reached += 1;
        } else {
            self.gaps.push(Gap {
                kind,
                name: name.to_owned(),
                place: sources.place(span),
            });
        }
    }
}

const NOBODY: Share = Share(0.0);
const EVERYONE: Share = Share(1.0);

/// Whether a rule plainly serves nobody. (Whether any context reaches it is a question for the analysis.)
fn is_idle(rule: &TargetingRule) -> bool {
    let by_rollout = rule.rollout.as_ref().is_some_and(|rollout| match rollout {
        Rollout::Fixed(share) => *share == NOBODY,
        Rollout::Steps(steps) => steps.iter().all(|(_, share)| *share == NOBODY),
        Rollout::Linear { start, end, .. } => *start == NOBODY && *end == NOBODY,
    });
    by_rollout || rule.condition.kind == Kind::Literal(Literal::Bool(false))
}

/// Whether no context passes the rule by.
fn takes_everyone(rule: &TargetingRule) -> bool {
    let rollout = rule.rollout.as_ref();
    rule.condition.kind == Kind::Literal(Literal::Bool(true))
        && rule.window == Window::default()
        && rollout.is_none_or(|rollout| *rollout == Rollout::Fixed(EVERYONE))
        // Weights go by an attribute, and who lacks it is passed by.
        && matches!(rule.serve, Serve::One(_))
}

fn served(rule: &TargetingRule) -> Vec<usize> {
    match &rule.serve {
        Serve::One(variation) => vec![*variation],
        Serve::Weighted(weights) => {
            let weighty = weights.iter().filter(|(_, share)| *share != NOBODY);
            weighty.map(|(variation, _)| *variation).collect()
        }
    }
}
