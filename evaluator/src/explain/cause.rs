//! Why a value is unknown.

use std::fmt;

use serde::Serialize;

use super::value::Shown;

/// So many causes are told of one condition.
const TOLD: usize = 16;

/// Why a value is unknown.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Cause {
    /// The context does not have the attribute.
    Missing {
        /// Its name.
        attribute: String,
    },
    /// The context has another value than is declared, which counts as missing.
    IllTyped {
        /// The attribute's name.
        attribute: String,
        /// The type declared.
        declared: String,
        /// The value given.
        given: Shown,
    },
    /// An element of a list is not the timestamp or version that it is declared to be.
    BrokenElement {
        /// What asks for the element.
        expression: String,
        /// The type declared.
        declared: String,
        /// The text given.
        given: Shown,
    },
    /// A result does not fit its type.
    Overflow {
        /// What has it.
        expression: String,
    },
    /// A division by zero.
    DivisionByZero {
        /// The division.
        expression: String,
    },
    /// A list has no such element.
    OutOfRange {
        /// What asks for it.
        expression: String,
        /// The position asked for, from 0.
        index: i64,
        /// How many elements there are.
        size: usize,
    },
    /// It takes more steps than an explanation does.
    TooLong {
        /// The expression that was not reached any more.
        expression: String,
    },
    /// The expression is none that the checker lets through.
    IllFormed {
        /// The expression.
        expression: String,
    },
}

/// Adds causes that are not told yet.
pub(super) fn add(causes: &mut Vec<Cause>, more: Vec<Cause>) {
    for cause in more {
        if causes.len() < TOLD && !causes.contains(&cause) {
            causes.push(cause);
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Missing { attribute } => write!(f, "{attribute} is missing"),
            Cause::IllTyped {
                attribute,
                declared,
                given,
            } => write!(f, "{attribute} is {given}, which is no {declared}"),
            Cause::BrokenElement {
                expression,
                declared,
                given,
            } => write!(f, "{expression} is unknown: {given} is no {declared}"),
            Cause::Overflow { expression } => write!(f, "{expression} overflows"),
            Cause::DivisionByZero { expression } => write!(f, "{expression} divides by zero"),
            Cause::OutOfRange {
                expression,
                index,
                size,
            } => write!(
                f,
                "{expression} is unknown: there is no element {index} in a list of {size}"
            ),
            Cause::TooLong { expression } => write!(f, "{expression} takes too many steps to be explained"),
            Cause::IllFormed { expression } => write!(f, "{expression} cannot be evaluated"),
        }
    }
}
