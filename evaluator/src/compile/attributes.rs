//! Which attributes rules read, and what else of the context.

use std::collections::BTreeSet;

use crate::condition::{AttributeId, Expression, Kind};
use crate::rules::{Rules, Serve};

/// What rules read of a context.
#[derive(Debug, Default)]
pub(super) struct Reads {
    /// Named in a condition, or bucketed by.
    pub(super) attributes: BTreeSet<AttributeId>,
    /// Bucketed by: a number among them needs its text.
    pub(super) bucketed: BTreeSet<AttributeId>,
}

impl Reads {
    /// What all rules together read.
    pub(super) fn of(rules: &Rules) -> Self {
        let mut reads = Self::default();
        for rule in rules
            .features
            .iter()
            .filter(|feature| feature.enabled)
            .flat_map(|feature| &feature.targeting)
        {
            reads.condition(&rule.condition);
            let splits = rule.rollout.is_some() || matches!(rule.serve, Serve::Weighted(_));
            if let Some(by) = rule.by.filter(|_| splits) {
                reads.attributes.insert(by);
                reads.bucketed.insert(by);
            }
        }
        reads
    }

    fn condition(&mut self, expression: &Expression) {
        if let Kind::Attribute(attribute) | Kind::Has(attribute) = expression.kind {
            self.attributes.insert(attribute);
        }
        for_each_part(expression, &mut |part| self.condition(part));
    }
}

/// Calls `visit` with each direct part of an expression.
pub(super) fn for_each_part<'e>(expression: &'e Expression, visit: &mut impl FnMut(&'e Expression)) {
    match &expression.kind {
        Kind::Literal(_) | Kind::Attribute(_) | Kind::Local(_) | Kind::Now | Kind::Has(_) => {}
        Kind::Not(part) | Kind::Negate(part) => visit(part),
        Kind::InSegment { needle: part, .. } | Kind::Matches { text: part, .. } => visit(part),
        Kind::And(parts) | Kind::Or(parts) | Kind::List(parts) | Kind::Call { arguments: parts, .. } => {
            parts.iter().for_each(visit);
        }
        Kind::Conditional {
            condition,
            then,
            otherwise,
        } => {
            visit(condition);
            visit(then);
            visit(otherwise);
        }
        Kind::Compare { left, right, .. } | Kind::Arithmetic { left, right, .. } => {
            visit(left);
            visit(right);
        }
        Kind::In {
            needle: left,
            list: right,
        }
        | Kind::Index {
            list: left,
            index: right,
        }
        | Kind::Comprehension {
            list: left,
            predicate: right,
            ..
        } => {
            visit(left);
            visit(right);
        }
    }
}
