//! What is asked about: features of one or two versions of the rules, as plans over variables that they share.

use super::domain::Domain;
use super::formula::{AttributeRef, Formula, Lowering};
use super::moments::Moments;
use super::question::Question;
use crate::condition::{Attribute, Literal, Type};
use crate::rules::buckets::seed_of_salt;
use crate::rules::{Feature, Rollout, Rules, Serve, Window};

/// Something that may be true, false or unknown, by its position in the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OpaqueId(pub(super) usize);

/// Buckets of one rollout or of one rule's weights, by their position in the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BucketRef(pub(super) usize);

/// An attribute with all that is asked of it. One that two versions declare with different types is two: its value is missing to one
/// of them.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) name: String,
    pub(super) ty: Type,
    /// The values that it is declared to have: these make the better examples.
    pub(super) known: Vec<Literal>,
    pub(super) questions: Vec<Question>,
    /// Whether users are bucketed by it.
    pub(super) is_bucketed: bool,
}

/// What some rule makes of its users.
#[derive(Debug, PartialEq)]
pub(super) struct Buckets {
    pub(super) by: AttributeRef,
    pub(super) seed: u32,
    pub(super) is_rollout: bool,
}

/// What cannot be taken apart.
#[derive(Debug)]
pub(super) struct Opaque {
    key: Option<String>,
    /// As it is written.
    pub(super) text: String,
}

/// Everything that plans depend on, but for the moment.
#[derive(Debug, Default)]
pub(super) struct Variables {
    pub(super) attributes: Vec<Asked>,
    pub(super) buckets: Vec<Buckets>,
    pub(super) opaque: Vec<Opaque>,
}

/// A feature, ready to be decided under assumptions.
#[derive(Debug)]
pub(super) struct Plan {
    /// None of a feature that is off: its default is served.
    pub(super) steps: Vec<Step>,
    pub(super) default: usize,
}

/// A rule of a plan.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) window: Window,
    pub(super) condition: Formula,
    pub(super) rollout: Option<(Rollout, BucketRef)>,
    pub(super) serve: Serve,
    /// Of the weights, where there are several.
    pub(super) weights: Option<BucketRef>,
}

/// Plans and what they depend on.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) plans: Vec<Plan>,
    pub(super) variables: Variables,
    /// For each attribute, the classes of its values.
    pub(super) domains: Vec<Domain>,
    pub(super) moments: Moments,
}

impl Model {
    /// The model of these features, each with the rules that it is of, from a moment on.
    pub(super) fn new(features: &[(&Rules, &Feature)], from_ms: i64) -> Model {
        let mut variables = Variables::default();
        let plans: Vec<Plan> = features
            .iter()
            .enumerate()
            .map(|(version, (rules, feature))| {
                let lowering = Lowering {
                    variables: &mut variables,
                    environment: &rules.environment,
                    sources: &rules.sources,
                    version,
                };
                plan(feature, lowering)
            })
            .collect();
        let domains = variables.attributes.iter().map(Domain::new).collect();
        let moments = Moments::new(&plans, from_ms);
        Model {
            plans,
            variables,
            domains,
            moments,
        }
    }
}

fn plan(feature: &Feature, mut lowering: Lowering<'_>) -> Plan {
    let targeting = feature.targeting.iter().filter(|_| feature.enabled);
    let steps = targeting
        .filter_map(|rule| {
            let by = rule.by.and_then(|by| lowering.environment.attribute(by));
            let mut buckets = |is_rollout: bool| {
                let by = lowering.variables.attribute(by?);
                Some(
                    lowering
                        .variables
                        .buckets(by, seed_of_salt(&rule.salt), is_rollout),
                )
            };
            let rollout = match &rule.rollout {
                // Whoever cannot be bucketed is not in a rollout: checked rules have something to go by.
                Some(rollout) => Some((rollout.clone(), buckets(true)?)),
                None => None,
            };
            let weights = match &rule.serve {
                Serve::Weighted(weights) if weights.len() > 1 => Some(buckets(false)?),
                _ => None,
            };
            Some(Step {
                window: rule.window,
                condition: lowering.formula(&rule.condition),
                rollout,
                serve: rule.serve.clone(),
                weights,
            })
        })
        .collect();
    Plan {
        steps,
        default: feature.default,
    }
}

impl Variables {
    /// The attribute of this name and type.
    pub(super) fn attribute(&mut self, attribute: &Attribute) -> AttributeRef {
        let found = self
            .attributes
            .iter()
            .position(|known| known.name == attribute.name && known.ty == attribute.ty);
        AttributeRef(found.unwrap_or_else(|| {
            self.attributes.push(Asked {
                name: attribute.name.clone(),
                ty: attribute.ty.clone(),
                known: attribute.values.clone().unwrap_or_default(),
                questions: Vec::new(),
                is_bucketed: false,
            });
            self.attributes.len() - 1
        }))
    }

    /// The number that this question has among the attribute's.
    pub(super) fn question(&mut self, attribute: AttributeRef, question: Question) -> usize {
        let questions = &mut self.attributes[attribute.0].questions;
        let found = questions.iter().position(|known| known.is_same(&question));
        found.unwrap_or_else(|| {
            questions.push(question);
            questions.len() - 1
        })
    }

    fn buckets(&mut self, by: AttributeRef, seed: u32, is_rollout: bool) -> BucketRef {
        self.attributes[by.0].is_bucketed = true;
        let buckets = Buckets { by, seed, is_rollout };
        let found = self.buckets.iter().position(|known| *known == buckets);
        BucketRef(found.unwrap_or_else(|| {
            self.buckets.push(buckets);
            self.buckets.len() - 1
        }))
    }

    /// What cannot be taken apart; of one key, it is the same.
    pub(super) fn opaque(&mut self, key: Option<String>, text: &str) -> OpaqueId {
        let found = self
            .opaque
            .iter()
            .position(|known| key.is_some() && known.key == key);
        OpaqueId(found.unwrap_or_else(|| {
            let text = if text.is_empty() { "a condition" } else { text };
            self.opaque.push(Opaque {
                key,
                text: text.to_owned(),
            });
            self.opaque.len() - 1
        }))
    }
}
