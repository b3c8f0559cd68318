//! A condition as a formula over questions about single attributes; what is none of those stands in it as something that may be
//! true, false or unknown.

use std::sync::Arc;

use super::model::{OpaqueId, Variables};
use super::question::{List, Member, Question, holds};
use crate::condition::{
    Attribute, Comparison, Environment, Expression, Function, Kind, Literal, Searcher, SegmentId, Type,
};
use crate::source::Sources;

/// An attribute of the rules in question, by its position in the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct AttributeRef(pub(super) usize);

/// A boolean formula, with Kleene's three values.
#[derive(Debug, Clone)]
pub(super) enum Formula {
    Known(bool),
    /// A question about an attribute, unknown where it is missing.
    Ask(AttributeRef, usize),
    Has(AttributeRef),
    /// `now` compared with an instant, in nanoseconds since the Unix epoch.
    Now(Comparison, i128),
    /// Anything else.
    Opaque(OpaqueId),
    Not(Box<Formula>),
    And(Vec<Formula>),
    Or(Vec<Formula>),
    If(Box<[Formula; 3]>),
}

/// What conditions are lowered in.
pub(super) struct Lowering<'m> {
    pub(super) variables: &'m mut Variables,
    pub(super) environment: &'m Environment,
    pub(super) sources: &'m Sources,
    /// Which version of the rules these are: a segment of one name may have other values in another.
    pub(super) version: usize,
}

impl Lowering<'_> {
    pub(super) fn formula(&mut self, expression: &Expression) -> Formula {
        match &expression.kind {
            Kind::Literal(Literal::Bool(value)) => Formula::Known(*value),
            Kind::Attribute(_) => self.ask(expression, Question::IsTrue, expression),
            Kind::Has(id) => match self
                .environment
                .attribute(*id)
                .map(|attribute| self.attribute(attribute))
            {
                Some(attribute) => Formula::Has(attribute),
                None => self.opaque(expression),
            },
            Kind::Not(operand) => Formula::Not(self.formula(operand).into()),
            Kind::And(operands) => {
                Formula::And(operands.iter().map(|operand| self.formula(operand)).collect())
            }
            Kind::Or(operands) => Formula::Or(operands.iter().map(|operand| self.formula(operand)).collect()),
            Kind::Conditional {
                condition,
                then,
                otherwise,
            } => Formula::If([condition, then, otherwise].map(|part| self.formula(part)).into()),
            Kind::Compare {
                operator,
                left,
                right,
            } => self.compare(*operator, left, right, expression),
            Kind::In { needle, list } => self.is_in(needle, list, expression),
            Kind::InSegment { needle, segment } => match self.segment(*segment) {
                Some(values) => self.ask(needle, Question::InSegment(values), expression),
                None => self.opaque(expression),
            },
            Kind::Call { function, arguments } => self.call(*function, arguments, expression),
            Kind::Matches { text, pattern } => match Searcher::new(pattern) {
                Some(searcher) => self.ask(
                    text,
                    Question::Matches(pattern.clone(), searcher.into()),
                    expression,
                ),
                None => self.opaque(expression),
            },
            _ => self.opaque(expression),
        }
    }

    fn segment(&self, id: SegmentId) -> Option<Arc<[String]>> {
        self.environment
            .segment(id)
            .map(|segment| Arc::clone(&segment.values))
    }

    pub(super) fn attribute(&mut self, attribute: &Attribute) -> AttributeRef {
        self.variables.attribute(attribute)
    }

    /// A question about `subject`, if that is an attribute or a constant.
    fn ask(&mut self, subject: &Expression, question: Question, whole: &Expression) -> Formula {
        match &subject.kind {
            Kind::Literal(literal) => Formula::Known(question.is_true_of(&Member::One(literal.clone()))),
            Kind::Attribute(id) => match self.environment.attribute(*id) {
                Some(attribute) => {
                    let attribute = self.attribute(attribute);
                    Formula::Ask(attribute, self.variables.question(attribute, question))
                }
                None => self.opaque(whole),
            },
            _ => self.opaque(whole),
        }
    }

    fn compare(
        &mut self,
        operator: Comparison,
        left: &Expression,
        right: &Expression,
        whole: &Expression,
    ) -> Formula {
        match (&left.kind, &right.kind) {
            (Kind::Literal(left), Kind::Literal(right)) => Formula::Known(holds(operator, left, right)),
            (Kind::Now, Kind::Literal(literal)) => match super::question::nanoseconds(literal) {
                Some(instant) => Formula::Now(operator, instant),
                None => self.opaque(whole),
            },
            (Kind::Attribute(_), Kind::Literal(literal)) => {
                self.ask(left, Question::Compare(operator, literal.clone()), whole)
            }
            (Kind::Literal(_), Kind::Attribute(_) | Kind::Now) => {
                self.compare(turned(operator), right, left, whole)
            }
            _ => self.opaque(whole),
        }
    }

    fn is_in(&mut self, needle: &Expression, list: &Expression, whole: &Expression) -> Formula {
        match (&needle.kind, &list.kind) {
            (_, Kind::List(elements)) => match literals(elements).and_then(List::new) {
                Some(list) => self.ask(needle, Question::OneOf(list.into()), whole),
                None => self.opaque(whole),
            },
            // Elements of these types may be texts that are none, which makes the question unknown.
            (Kind::Literal(literal), Kind::Attribute(_))
                if !matches!(literal, Literal::Timestamp { .. } | Literal::Semver(_)) =>
            {
                self.ask(list, Question::HasElement(literal.clone()), whole)
            }
            _ => self.opaque(whole),
        }
    }

    fn call(&mut self, function: Function, arguments: &[Expression], whole: &Expression) -> Formula {
        let [
            subject,
            Expression {
                kind: Kind::Literal(Literal::String(part)),
                ..
            },
        ] = arguments
        else {
            return self.opaque(whole);
        };
        let question = match function {
            Function::StartsWith => Question::StartsWith(part.clone()),
            Function::EndsWith => Question::EndsWith(part.clone()),
            Function::Contains => Question::Contains(part.clone()),
            _ => return self.opaque(whole),
        };
        self.ask(subject, question, whole)
    }

    fn opaque(&mut self, expression: &Expression) -> Formula {
        let mut reads_segment = false;
        let mut attributes = Vec::new();
        expression.for_each(&mut |part| match &part.kind {
            Kind::InSegment { .. } => reads_segment = true,
            Kind::Attribute(id) => attributes.extend(self.environment.attribute(*id)),
            _ => {}
        });
        // The same text about attributes of the same types is the same question.
        let types: Vec<&Type> = attributes.iter().map(|attribute| &attribute.ty).collect();
        let text = self.sources.slice(expression.span);
        let key = match text {
            "" => None,
            text if reads_segment => Some(format!("{} {text}", self.version)),
            text => Some(format!("{types:?} {text}")),
        };
        Formula::Opaque(self.variables.opaque(key, text))
    }
}

fn literals(elements: &[Expression]) -> Option<Vec<Literal>> {
    elements
        .iter()
        .map(|element| match &element.kind {
            Kind::Literal(literal) => Some(literal.clone()),
            _ => None,
        })
        .collect()
}

/// `3 < x` is `x > 3`.
fn turned(operator: Comparison) -> Comparison {
    match operator {
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        same => same,
    }
}
