//! Which attributes rules read, and what else of the context.

use std::collections::BTreeSet;

use super::{Rules, Serve};
use crate::condition::{AttributeId, Kind};

/// What rules read of a context.
#[derive(Debug, Default)]
pub(crate) struct Reads {
    /// Named in a condition, or bucketed by.
    pub(crate) attributes: BTreeSet<AttributeId>,
    /// Bucketed by: a number among them needs its text.
    pub(crate) bucketed: BTreeSet<AttributeId>,
}

impl Reads {
    /// What all rules together read.
    pub(crate) fn of(rules: &Rules) -> Self {
        let mut reads = Self::default();
        for rule in rules
            .features
            .iter()
            .filter(|feature| feature.enabled)
            .flat_map(|feature| &feature.targeting)
        {
            rule.condition.for_each(&mut |expression| {
                if let Kind::Attribute(attribute) | Kind::Has(attribute) = expression.kind {
                    reads.attributes.insert(attribute);
                }
            });
            let splits = rule.rollout.is_some() || matches!(rule.serve, Serve::Weighted(_));
            if let Some(by) = rule.by.filter(|_| splits) {
                reads.attributes.insert(by);
                reads.bucketed.insert(by);
            }
        }
        reads
    }
}
