//! The values of an attribute, cut into classes by all that is asked of it: values of one class answer every question alike.

use std::collections::{HashMap, HashSet};

use super::model::Asked;
use super::question::{Member, Question};
use super::{numbers, strings};
use crate::condition::{Comparison, Literal, Type};
use crate::program::NumberText;

/// Of so many elements, every subset is a class of lists.
const LISTED_ELEMENTS: usize = 6;
/// So many answers are asked for at most; of the values that are left then, nothing is known.
const ANSWERS: usize = 4_000_000;
/// Where users are bucketed, so many values that are named have their own class, since each has its own bucket.
const BUCKETED_VALUES: usize = 200;

/// Values that answer every question alike.
#[derive(Debug, Clone)]
pub(super) struct Class {
    /// One of them; none where the attribute is missing.
    pub(super) member: Option<Member>,
    /// What they answer, question by question.
    pub(super) answers: Vec<bool>,
    /// Whether the class has no other value, so that its bucket is known.
    pub(super) is_single: bool,
}

/// All classes of an attribute's values.
#[derive(Debug)]
pub(super) struct Domain {
    /// The first is the class in which it is missing.
    pub(super) classes: Vec<Class>,
    /// Whether these are all; where they are not, what is not found may still be.
    pub(super) is_complete: bool,
}

/// Values, at least one of every class, the better examples first.
#[derive(Debug, Default)]
pub(super) struct Members {
    pub(super) members: Vec<Member>,
    /// Whether a class may be missing.
    pub(super) is_complete: bool,
}

impl Domain {
    pub(super) fn new(asked: &Asked) -> Domain {
        let mut found = members(asked);
        let affordable = ANSWERS / asked.questions.len().max(1);
        if found.members.len() > affordable {
            found.members.truncate(affordable);
            found.is_complete = false;
        }
        let missing = Class {
            member: None,
            answers: vec![false; asked.questions.len()],
            is_single: true,
        };
        let mut classes = vec![missing];
        let mut known: HashMap<Vec<bool>, usize> = HashMap::new();
        let named = if asked.is_bucketed {
            named(asked)
        } else {
            Vec::new()
        };
        for member in found.members {
            let answers: Vec<bool> = asked
                .questions
                .iter()
                .map(|question| question.is_true_of(&member))
                .collect();
            let is_single = named.contains(&member);
            if !is_single && known.insert(answers.clone(), classes.len()).is_some() {
                continue;
            }
            classes.push(Class {
                member: Some(member),
                answers,
                is_single,
            });
        }
        Domain {
            classes,
            is_complete: found.is_complete,
        }
    }
}

/// The values that questions name, if they are few.
fn named(asked: &Asked) -> Vec<Member> {
    let named = constants(&asked.questions);
    if named.len() > BUCKETED_VALUES || asked.ty == Type::Double {
        return Vec::new();
    }
    named
        .into_iter()
        .filter(|literal| type_of(literal) == Some(&asked.ty))
        .map(Member::One)
        .collect()
}

fn type_of(literal: &Literal) -> Option<&'static Type> {
    match literal {
        Literal::String(_) => Some(&Type::String),
        Literal::Int(_) => Some(&Type::Int),
        Literal::Uint(_) => Some(&Type::Uint),
        _ => None,
    }
}

/// The values that questions are equalities with, each once.
pub(super) fn constants(questions: &[Question]) -> Vec<Literal> {
    let mut constants = Vec::new();
    for question in questions {
        match question {
            Question::Compare(Comparison::Equal | Comparison::NotEqual, literal) => {
                constants.push(literal.clone());
            }
            Question::OneOf(list) => constants.extend(list.literals.iter().cloned()),
            Question::InSegment(values) => constants.extend(values.iter().cloned().map(Literal::String)),
            _ => {}
        }
    }
    distinct(constants)
}

/// Each once, in their order. Doubles are as they are written.
fn distinct(literals: Vec<Literal>) -> Vec<Literal> {
    let mut seen = HashSet::new();
    let is_new = |literal: &Literal| match literal {
        Literal::String(text) => seen.insert(text.clone()),
        other => seen.insert(other.written()),
    };
    literals.into_iter().filter(is_new).collect()
}

fn members(asked: &Asked) -> Members {
    let questions = &asked.questions;
    let one = |literals: Vec<Literal>| literals.into_iter().map(Member::One).collect();
    let of_constants = |find: fn(&[Literal]) -> Vec<Literal>| {
        let literals = compared(questions);
        let known = asked.known.iter().cloned();
        Members {
            members: one(known.chain(find(&literals)).collect()),
            is_complete: true,
        }
    };
    match &asked.ty {
        Type::Bool => Members {
            members: one(vec![Literal::Bool(true), Literal::Bool(false)]),
            is_complete: true,
        },
        Type::Int => of_constants(numbers::ints),
        Type::Uint => of_constants(numbers::uints),
        Type::Double => of_constants(numbers::doubles),
        Type::Timestamp => of_constants(numbers::timestamps),
        Type::Semver => of_constants(numbers::versions),
        Type::String => strings::members(&asked.known, questions),
        Type::List(_) => lists(questions),
        Type::Duration => Members::default(),
    }
}

/// Everything that values are compared with.
fn compared(questions: &[Question]) -> Vec<Literal> {
    let mut literals = constants(questions);
    literals.extend(questions.iter().filter_map(|question| match question {
        Question::Compare(_, literal) => Some(literal.clone()),
        _ => None,
    }));
    distinct(literals)
}

/// Of what is asked for, every subset; of much, some.
fn lists(questions: &[Question]) -> Members {
    let elements: Vec<&Literal> = questions
        .iter()
        .filter_map(|question| match question {
            Question::HasElement(element) => Some(element),
            _ => None,
        })
        .collect();
    let subset = |chosen: &dyn Fn(usize) -> bool| {
        let chosen = elements
            .iter()
            .enumerate()
            .filter(|(position, _)| chosen(*position));
        Member::List(chosen.map(|(_, element)| (*element).clone()).collect())
    };
    if elements.len() <= LISTED_ELEMENTS {
        let subsets =
            (0_usize..1 << elements.len()).map(|bits| subset(&|position| bits >> position & 1 == 1));
        return Members {
            members: subsets.collect(),
            is_complete: true,
        };
    }
    let mut members = vec![subset(&|_| false), subset(&|_| true)];
    members.extend((0..elements.len()).map(|only| subset(&|position| position == only)));
    Members {
        members,
        is_complete: false,
    }
}

/// The text that users with this value are bucketed by.
pub(super) fn bucketed_text(member: &Member) -> Option<Vec<u8>> {
    let Member::One(literal) = member else { return None };
    let number = match literal {
        Literal::String(text) => return Some(text.as_bytes().to_vec()),
        Literal::Int(value) => NumberText::of_int(*value),
        Literal::Uint(value) => NumberText::of_uint(*value),
        Literal::Double(value) => NumberText::of_double(*value),
        _ => return None,
    };
    Some(number.as_bytes().to_vec())
}
