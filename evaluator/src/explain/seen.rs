//! A condition with what was seen in it.

use serde::{Serialize, Serializer};

use super::cause::Cause;
use super::value::Shown;
use crate::condition::{Expression, Kind, Type};

/// An expression of a condition, and what it came to. Constants are left out: they stand in the text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Seen {
    /// As it stands in the file, on one line; a long one is cut.
    pub text: String,
    /// What kind of expression it is.
    pub form: Form,
    /// What it yields.
    #[serde(rename = "type", serialize_with = "by_name")]
    pub ty: Type,
    /// What it came to.
    #[serde(flatten)]
    pub finding: Finding,
    /// The element that a predicate was asked of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub element: Option<Shown>,
    /// The segment that was looked in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment: Option<SegmentSeen>,
    /// What it is made of, in the written order; of a predicate, one for each element that it was asked of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Seen>,
    /// How many more elements were asked than `parts` tells.
    #[serde(skip_serializing_if = "is_zero")]
    pub omitted: usize,
}

/// What an expression came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Finding {
    /// It has a value.
    Value {
        /// The value.
        value: Shown,
    },
    /// It has none.
    Unknown {
        /// Why.
        because: Vec<Cause>,
    },
    /// Nothing depended on it.
    NotEvaluated,
}

/// A segment that was looked in.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SegmentSeen {
    /// Its name.
    pub name: String,
    /// How many values it has.
    pub size: usize,
}

/// What kind of expression it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "named as the forms of a checked expression are")]
pub enum Form {
    Literal,
    Attribute,
    Local,
    Now,
    Has,
    Not,
    And,
    Or,
    Conditional,
    Comparison,
    Membership,
    SegmentMembership,
    Arithmetic,
    List,
    Index,
    Macro,
    Call,
    Matches,
}

impl Form {
    pub(super) fn of(kind: &Kind) -> Form {
        match kind {
            Kind::Literal(_) => Form::Literal,
            Kind::Attribute(_) => Form::Attribute,
            Kind::Local(_) => Form::Local,
            Kind::Now => Form::Now,
            Kind::Has(_) => Form::Has,
            Kind::Not(_) => Form::Not,
            Kind::And(_) => Form::And,
            Kind::Or(_) => Form::Or,
            Kind::Conditional { .. } => Form::Conditional,
            Kind::Compare { .. } => Form::Comparison,
            Kind::In { .. } => Form::Membership,
            Kind::InSegment { .. } => Form::SegmentMembership,
            Kind::Arithmetic { .. } | Kind::Negate(_) => Form::Arithmetic,
            Kind::List(_) => Form::List,
            Kind::Index { .. } => Form::Index,
            Kind::Comprehension { .. } => Form::Macro,
            Kind::Call { .. } => Form::Call,
            Kind::Matches { .. } => Form::Matches,
        }
    }

    /// Whether it joins conditions to a condition, rather than values.
    pub(super) fn is_logic(self) -> bool {
        matches!(
            self,
            Form::Not | Form::And | Form::Or | Form::Conditional | Form::Macro
        )
    }
}

/// Whether an expression's value stands in its text.
pub(super) fn is_constant(expression: &Expression) -> bool {
    match &expression.kind {
        Kind::Literal(_) => true,
        Kind::List(elements) => elements.iter().all(is_constant),
        _ => false,
    }
}

fn by_name<S: Serializer>(ty: &Type, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(ty)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}
