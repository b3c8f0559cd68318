//! Walks over checked expressions.

use super::{Expression, Kind};

impl Expression {
    /// The expressions directly below, in the written order.
    pub fn children(&self) -> Vec<&Expression> {
        match &self.kind {
            Kind::Literal(_) | Kind::Attribute(_) | Kind::Local(_) | Kind::Now | Kind::Has(_) => Vec::new(),
            Kind::Not(operand) | Kind::Negate(operand) => vec![operand],
            Kind::And(operands) | Kind::Or(operands) | Kind::List(operands) => operands.iter().collect(),
            Kind::Conditional {
                condition,
                then,
                otherwise,
            } => vec![condition, then, otherwise],
            Kind::Compare { left, right, .. } | Kind::Arithmetic { left, right, .. } => vec![left, right],
            Kind::In { needle, list } => vec![needle, list],
            Kind::InSegment { needle, .. } => vec![needle],
            Kind::Index { list, index } => vec![list, index],
            Kind::Comprehension { list, predicate, .. } => vec![list, predicate],
            Kind::Call { arguments, .. } => arguments.iter().collect(),
            Kind::Matches { text, .. } => vec![text],
        }
    }

    /// Calls `visit` for this expression and all below, parents first.
    pub fn for_each<'e>(&'e self, visit: &mut impl FnMut(&'e Expression)) {
        visit(self);
        for child in self.children() {
            child.for_each(visit);
        }
    }
}
