//! What conditions ask of one attribute, and whether a value answers yes.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;

use crate::condition::{Comparison, Literal, Searcher, compare_versions};

/// A value of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Member {
    One(Literal),
    List(Vec<Literal>),
}

/// Something that is true or false of every value of an attribute.
#[derive(Debug, Clone)]
pub(super) enum Question {
    /// `attribute`, a bool
    IsTrue,
    /// `attribute < 3`
    Compare(Comparison, Literal),
    /// `attribute in ["a", "b"]`
    OneOf(Arc<List>),
    /// `attribute in segment("name")`: the segment's values, in ascending order.
    InSegment(Arc<[String]>),
    /// `attribute.startsWith("…")`
    StartsWith(String),
    /// `attribute.endsWith("…")`
    EndsWith(String),
    /// `attribute.contains("…")`
    Contains(String),
    /// `attribute.matches("…")`: the pattern, and what searches by it.
    Matches(String, Arc<Searcher>),
    /// `"a" in attribute`, a list
    HasElement(Literal),
}

/// A list of constants, which may be long.
#[derive(Debug, PartialEq)]
pub(super) struct List {
    pub(super) literals: Vec<Literal>,
    strings: HashSet<String>,
    ints: HashSet<i64>,
    /// The doubles nearest to the ints, as bits: beside a double, an int is such a one.
    doubles: HashSet<u64>,
    others: Vec<Literal>,
}

impl List {
    /// So many constants of other types than these two are looked through one by one.
    const OTHERS: usize = 1_000;

    /// `None` where it would take too long to ask.
    pub(super) fn new(literals: Vec<Literal>) -> Option<List> {
        let mut list = List {
            literals: Vec::new(),
            strings: HashSet::new(),
            ints: HashSet::new(),
            doubles: HashSet::new(),
            others: Vec::new(),
        };
        for literal in &literals {
            match literal {
                Literal::String(text) => drop(list.strings.insert(text.clone())),
                Literal::Int(value) => {
                    list.ints.insert(*value);
                    list.doubles.insert((*value as f64).to_bits());
                }
                other => list.others.push(other.clone()),
            }
        }
        let is_short = list.others.len() <= Self::OTHERS;
        list.literals = literals;
        is_short.then_some(list)
    }

    fn has(&self, value: &Literal) -> bool {
        let is_kept = match value {
            Literal::String(text) => self.strings.contains(text),
            Literal::Int(value) => self.ints.contains(value),
            Literal::Uint(value) => i64::try_from(*value).is_ok_and(|value| self.ints.contains(&value)),
            // Zero has two, of which the sum with zero is the one.
            Literal::Double(value) => self.doubles.contains(&(value + 0.0).to_bits()),
            _ => false,
        };
        is_kept || self.others.iter().any(|known| is_equal(value, known))
    }
}

impl Question {
    /// Whether two ask the same.
    pub(super) fn is_same(&self, other: &Question) -> bool {
        match (self, other) {
            (Question::IsTrue, Question::IsTrue) => true,
            (Question::Compare(a, left), Question::Compare(b, right)) => a == b && left == right,
            (Question::OneOf(a), Question::OneOf(b)) => a.literals == b.literals,
            (Question::InSegment(a), Question::InSegment(b)) => Arc::ptr_eq(a, b) || a == b,
            (Question::StartsWith(a), Question::StartsWith(b))
            | (Question::EndsWith(a), Question::EndsWith(b))
            | (Question::Contains(a), Question::Contains(b))
            | (Question::Matches(a, _), Question::Matches(b, _)) => a == b,
            (Question::HasElement(a), Question::HasElement(b)) => a == b,
            _ => false,
        }
    }

    /// Whether it is true of a value.
    pub(super) fn is_true_of(&self, member: &Member) -> bool {
        match (self, member) {
            (Question::HasElement(wanted), Member::List(elements)) => {
                elements.iter().any(|element| is_equal(element, wanted))
            }
            (_, Member::List(_)) => false,
            (Question::Compare(comparison, other), Member::One(value)) => holds(*comparison, value, other),
            (Question::OneOf(list), Member::One(value)) => list.has(value),
            (Question::IsTrue, Member::One(value)) => *value == Literal::Bool(true),
            (_, Member::One(Literal::String(text))) => self.is_true_of_text(text),
            _ => false,
        }
    }

    fn is_true_of_text(&self, text: &str) -> bool {
        match self {
            Question::InSegment(values) => values.binary_search_by(|value| value.as_str().cmp(text)).is_ok(),
            Question::StartsWith(part) => text.starts_with(part.as_str()),
            Question::EndsWith(part) => text.ends_with(part.as_str()),
            Question::Contains(part) => text.contains(part.as_str()),
            Question::Matches(_, searcher) => searcher.finds(text),
            _ => false,
        }
    }
}

/// Whether a comparison holds, as CEL compares.
pub(super) fn holds(comparison: Comparison, left: &Literal, right: &Literal) -> bool {
    let order = order(left, right);
    match comparison {
        Comparison::Equal => order == Some(Ordering::Equal),
        Comparison::NotEqual => order != Some(Ordering::Equal),
        Comparison::Less => order == Some(Ordering::Less),
        Comparison::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        Comparison::Greater => order == Some(Ordering::Greater),
        Comparison::GreaterOrEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
    }
}

/// Whether two values are equal, as CEL compares.
pub(super) fn is_equal(left: &Literal, right: &Literal) -> bool {
    order(left, right) == Some(Ordering::Equal)
}

/// The order of two values; none of a number and what is none. Beside a double, an int is the double nearest to it.
pub(super) fn order(left: &Literal, right: &Literal) -> Option<Ordering> {
    match (left, right) {
        (Literal::Bool(left), Literal::Bool(right)) => Some(left.cmp(right)),
        (Literal::String(left), Literal::String(right)) => Some(left.cmp(right)),
        (Literal::Semver(left), Literal::Semver(right)) => Some(compare_versions(left, right)),
        (Literal::Duration(left), Literal::Duration(right)) => Some(left.cmp(right)),
        (Literal::Timestamp { .. }, Literal::Timestamp { .. }) => {
            nanoseconds(left).partial_cmp(&nanoseconds(right))
        }
        _ => match (whole(left), whole(right)) {
            (Some(left), Some(right)) => Some(left.cmp(&right)),
            _ => double(left)?.partial_cmp(&double(right)?),
        },
    }
}

/// A timestamp as nanoseconds since the Unix epoch.
pub(super) fn nanoseconds(literal: &Literal) -> Option<i128> {
    match literal {
        Literal::Timestamp { seconds, nanos } => {
            Some(i128::from(*seconds) * 1_000_000_000 + i128::from(*nanos))
        }
        _ => None,
    }
}

/// Any number as a double.
pub(super) fn double(literal: &Literal) -> Option<f64> {
    match literal {
        Literal::Int(value) => Some(*value as f64),
        Literal::Uint(value) => Some(*value as f64),
        Literal::Double(value) => Some(*value),
        _ => None,
    }
}

fn whole(literal: &Literal) -> Option<i128> {
    match literal {
        Literal::Int(value) => Some(i128::from(*value)),
        Literal::Uint(value) => Some(i128::from(*value)),
        _ => None,
    }
}
