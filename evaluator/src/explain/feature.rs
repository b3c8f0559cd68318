//! A feature's rules, one after the other, until one serves.

use super::evaluate::Walk;
use super::explanation::{
    DecisionExplained, Explanation, FeatureExplained, RuleExplained, RuleOutcome, WindowSeen,
};
use super::given::Given;
use super::serve::{Choice, Serving, variation_name};
use crate::condition::format_timestamp;
use crate::program::{Context, Reason};
use crate::rules::{Feature, Rules, TargetingRule, Window};

/// Explains what each feature that is asked for decides for a context, and why.
pub fn explain(rules: &Rules, context: &Context<'_>, is_asked: impl Fn(&Feature) -> bool) -> Explanation {
    let (given, attributes) = Given::take(rules, context);
    let explaining = Explaining {
        rules,
        given: &given,
        now_ms: context.now_ms,
    };
    Explanation {
        version: rules.version.clone(),
        at: moment(context.now_ms),
        attributes,
        features: rules
            .features
            .iter()
            .filter(|feature| is_asked(feature))
            .map(|feature| explaining.feature(feature))
            .collect(),
    }
}

/// Rules, and a context to explain them for.
struct Explaining<'r> {
    rules: &'r Rules,
    given: &'r Given,
    now_ms: i64,
}

/// What a feature serves, and by which rule.
struct Decided<'r> {
    variation: usize,
    rule: Option<&'r TargetingRule>,
    reason: Reason,
}

impl Explaining<'_> {
    fn feature(&self, feature: &Feature) -> FeatureExplained {
        let mut decided = None;
        let mut rules = Vec::with_capacity(feature.targeting.len());
        for rule in &feature.targeting {
            let untouched = if !feature.enabled {
                Some(RuleOutcome::FeatureDisabled)
            } else if decided.is_some() {
                Some(RuleOutcome::NotReached)
            } else {
                None
            };
            match untouched {
                Some(outcome) => rules.push(self.unseen(rule, outcome)),
                None => rules.push(self.rule(feature, rule, &mut decided)),
            }
        }
        let decided = decided.unwrap_or(Decided {
            variation: feature.default,
            rule: None,
            reason: if feature.enabled {
                Reason::Default
            } else {
                Reason::Disabled
            },
        });
        FeatureExplained {
            feature: feature.name.clone(),
            place: self.rules.sources.place(feature.span),
            enabled: feature.enabled,
            rules,
            decision: decision(feature, &decided),
        }
    }

    fn unseen(&self, rule: &TargetingRule, outcome: RuleOutcome) -> RuleExplained {
        RuleExplained {
            rule: rule.name.clone(),
            place: self.rules.sources.place(rule.span),
            outcome,
            window: window(rule.window, self.now_ms),
            condition: None,
            rollout: None,
            split: None,
        }
    }

    fn rule<'f>(
        &self,
        feature: &Feature,
        rule: &'f TargetingRule,
        decided: &mut Option<Decided<'f>>,
    ) -> RuleExplained {
        let outside = self.unseen(rule, RuleOutcome::OutsideWindow);
        if outside.window.as_ref().is_some_and(|window| !window.open) {
            return outside;
        }
        let mut walk = Walk::new(
            &self.rules.environment,
            &self.rules.sources,
            self.given,
            self.now_ms,
        );
        let (truth, seen) = walk.truth(&rule.condition);
        let seen = RuleExplained {
            condition: Some(seen),
            ..outside
        };
        let outcome = match truth {
            Err(because) => Some(RuleOutcome::ConditionUnknown { because }),
            Ok(false) => Some(RuleOutcome::ConditionFalse),
            Ok(true) => None,
        };
        if let Some(outcome) = outcome {
            return RuleExplained { outcome, ..seen };
        }
        let serving = Serving {
            rules: self.rules,
            feature,
            rule,
            given: self.given,
            now_ms: self.now_ms,
        };
        let (choice, served) = serving.choose();
        let outcome = match choice {
            Choice::Outside => RuleOutcome::OutsideRollout,
            Choice::NoBucket(because) => RuleOutcome::NoBucket { because },
            Choice::Variation { position, by_bucket } => {
                *decided = Some(Decided {
                    variation: position,
                    rule: Some(rule),
                    reason: if by_bucket {
                        Reason::Split
                    } else {
                        Reason::TargetingMatch
                    },
                });
                RuleOutcome::Matched {
                    variation: variation_name(feature, position),
                }
            }
        };
        RuleExplained {
            outcome,
            rollout: served.rollout,
            split: served.split,
            ..seen
        }
    }
}

fn decision(feature: &Feature, decided: &Decided<'_>) -> DecisionExplained {
    let values = feature.variations.get(decided.variation);
    let values = values.map(|variation| variation.values.as_slice());
    DecisionExplained {
        variation: variation_name(feature, decided.variation),
        rule: decided.rule.map(|rule| rule.name.clone()),
        reason: decided.reason,
        values: feature
            .variables
            .iter()
            .zip(values.unwrap_or_default())
            .map(|(variable, value)| (variable.key.clone(), value.clone()))
            .collect(),
    }
}

/// When a rule is in force; none where that is not said.
fn window(window: Window, now_ms: i64) -> Option<WindowSeen> {
    (window != Window::default()).then(|| WindowSeen {
        from: window.from_ms.map(moment),
        to: window.to_ms.map(moment),
        open: window.from_ms.is_none_or(|from_ms| now_ms >= from_ms)
            && window.to_ms.is_none_or(|to_ms| now_ms < to_ms),
    })
}

fn moment(at_ms: i64) -> String {
    let nanos = at_ms.rem_euclid(1000) as u32 * 1_000_000;
    format_timestamp(at_ms.div_euclid(1000), nanos)
}
