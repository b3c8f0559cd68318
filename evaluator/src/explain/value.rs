//! Values as CEL has them, and as they are shown.

use std::cmp::Ordering;
use std::fmt;
use std::rc::Rc;

use serde::{Serialize, Serializer};
use serde_json::Value as Json;

use crate::condition::{Comparison, Literal, compare_versions, format_duration, format_timestamp};

/// Longer strings are shown by their beginning.
const SHOWN_CHARACTERS: usize = 200;
/// Of longer lists so many elements are shown.
const SHOWN_ELEMENTS: usize = 20;

const NANOS: i128 = 1_000_000_000;

/// A value of a condition. Cheap to clone.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    String(Rc<str>),
    /// Nanoseconds since the Unix epoch.
    Timestamp(i128),
    /// Nanoseconds.
    Duration(i64),
    Semver(Rc<str>),
    List(Rc<[Value]>),
    /// An element of a list whose text is not the timestamp or version that it is declared to be. The list has it, and
    /// whoever asks for it finds it unknown.
    Broken(Rc<Broken>),
}

/// A text that is not what it is declared to be.
#[derive(Debug, PartialEq)]
pub(super) struct Broken {
    pub(super) text: String,
    pub(super) declared: &'static str,
}

impl Value {
    pub(super) fn of_literal(literal: &Literal) -> Value {
        match literal {
            Literal::Bool(value) => Value::Bool(*value),
            Literal::Int(value) => Value::Int(*value),
            Literal::Uint(value) => Value::Uint(*value),
            Literal::Double(value) => Value::Double(*value),
            Literal::String(text) => Value::String(text.as_str().into()),
            Literal::Timestamp { seconds, nanos } => Value::timestamp(*seconds, *nanos),
            Literal::Duration(nanos) => Value::Duration(*nanos),
            Literal::Semver(text) => Value::Semver(text.as_str().into()),
        }
    }

    pub(super) fn timestamp(seconds: i64, nanos: u32) -> Value {
        Value::Timestamp(i128::from(seconds) * NANOS + i128::from(nanos))
    }

    /// As it is shown.
    pub(super) fn shown(&self) -> Shown {
        match self {
            Value::Bool(value) => Shown::Plain((*value).into()),
            Value::Int(value) => Shown::Plain((*value).into()),
            Value::Uint(value) => Shown::Plain((*value).into()),
            Value::Double(value) => Shown::double(*value),
            Value::String(text) => Shown::text(text),
            Value::Timestamp(time) => {
                let (seconds, nanos) = seconds_and_nanos(*time);
                Shown::Word(format_timestamp(seconds, nanos))
            }
            Value::Duration(nanos) => Shown::Word(format_duration(*nanos)),
            Value::Semver(text) => Shown::Word(beginning(text)),
            Value::List(elements) => Shown::list(elements.len(), elements.iter().map(Value::shown)),
            Value::Broken(broken) => Shown::text(&broken.text),
        }
    }
}

/// Seconds since the Unix epoch, and nanoseconds after them.
pub(super) fn seconds_and_nanos(time: i128) -> (i64, u32) {
    (time.div_euclid(NANOS) as i64, time.rem_euclid(NANOS) as u32)
}

/// Whether two values that are no lists relate so.
pub(super) fn holds(operator: Comparison, left: &Value, right: &Value) -> bool {
    let order = order(left, right);
    match operator {
        Comparison::Equal => order == Some(Ordering::Equal),
        Comparison::NotEqual => order != Some(Ordering::Equal),
        Comparison::Less => order.is_some_and(Ordering::is_lt),
        Comparison::LessOrEqual => order.is_some_and(Ordering::is_le),
        Comparison::Greater => order.is_some_and(Ordering::is_gt),
        Comparison::GreaterOrEqual => order.is_some_and(Ordering::is_ge),
    }
}

/// The order of two values; none where one of them is not a number.
fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (Value::String(left), Value::String(right)) => Some(left.chars().cmp(right.chars())),
        (Value::Timestamp(left), Value::Timestamp(right)) => Some(left.cmp(right)),
        (Value::Duration(left), Value::Duration(right)) => Some(left.cmp(right)),
        (Value::Semver(left), Value::Semver(right)) => Some(compare_versions(left, right)),
        (Value::Double(left), Value::Double(right)) => left.partial_cmp(right),
        // Beside a double, an int is the double nearest to it.
        (Value::Double(left), right) => left.partial_cmp(&(whole(right)? as f64)),
        (left, Value::Double(right)) => (whole(left)? as f64).partial_cmp(right),
        (left, right) => Some(whole(left)?.cmp(&whole(right)?)),
    }
}

fn whole(value: &Value) -> Option<i128> {
    match value {
        Value::Int(value) => Some(i128::from(*value)),
        Value::Uint(value) => Some(i128::from(*value)),
        _ => None,
    }
}

/// A value as it is shown: in JSON where JSON has it, else in words. Long strings and lists are cut.
#[derive(Debug, Clone, PartialEq)]
pub enum Shown {
    /// A value that JSON has.
    Plain(Json),
    /// A timestamp, duration or version, or a double that is no number to JSON: a string there, without quotes to people.
    Word(String),
    /// A list.
    List(Vec<Shown>),
}

impl Shown {
    pub(super) fn text(text: &str) -> Shown {
        Shown::Plain(beginning(text).into())
    }

    pub(super) fn double(value: f64) -> Shown {
        match serde_json::Number::from_f64(value) {
            Some(number) => Shown::Plain(number.into()),
            None if value.is_nan() => Shown::Word("NaN".to_owned()),
            None if value > 0.0 => Shown::Word("Infinity".to_owned()),
            None => Shown::Word("-Infinity".to_owned()),
        }
    }

    pub(super) fn list(length: usize, elements: impl Iterator<Item = Shown>) -> Shown {
        let mut shown: Vec<Shown> = elements.take(SHOWN_ELEMENTS).collect();
        if length > SHOWN_ELEMENTS {
            shown.push(Shown::Word(format!("… ({length} elements)")));
        }
        Shown::List(shown)
    }
}

/// The text, or its beginning and its length.
fn beginning(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARACTERS) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}… ({} characters)", &text[..end], text.chars().count()),
    }
}

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Shown::Plain(json) => json.serialize(serializer),
            Shown::Word(word) => word.serialize(serializer),
            Shown::List(elements) => elements.serialize(serializer),
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Debug's escapes keep a value on its line.
            Shown::Plain(Json::String(text)) => write!(f, "{text:?}"),
            Shown::Plain(json) => write!(f, "{json}"),
            Shown::Word(word) => f.write_str(word),
            Shown::List(elements) => {
                f.write_str("[")?;
                for (position, element) in elements.iter().enumerate() {
                    let comma = if position == 0 { "" } else { ", " };
                    write!(f, "{comma}{element}")?;
                }
                f.write_str("]")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_different_types_compare_by_value() {
        let order = |left, right| order(&left, &right);
        assert_eq!(order(Value::Int(-1), Value::Uint(0)), Some(Ordering::Less));
        assert_eq!(order(Value::Int(2), Value::Double(2.5)), Some(Ordering::Less));
        assert_eq!(order(Value::Double(2.5), Value::Uint(2)), Some(Ordering::Greater));
        assert_eq!(order(Value::Double(f64::NAN), Value::Int(0)), None);
        // CEL's conformance tests have this one.
        assert_eq!(
            order(Value::Int(i64::MAX), Value::Double(9_223_372_036_854_775_808.0)),
            Some(Ordering::Equal)
        );
        assert_eq!(
            order(Value::Int(i64::MAX), Value::Double(f64::INFINITY)),
            Some(Ordering::Less)
        );
    }

    #[test]
    fn long_values_are_cut_and_say_how_long_they_are() {
        let text = Value::String("é".repeat(1000).into()).shown().to_string();
        assert!(
            text.ends_with("é… (1000 characters)\"") && text.chars().count() < 250,
            "{text}"
        );
        let list = Value::List(vec![Value::Int(1); 30].into()).shown().to_string();
        assert!(
            list.starts_with("[1, 1, ") && list.ends_with(", … (30 elements)]"),
            "{list}"
        );
    }

    #[test]
    fn a_value_stays_on_its_line() {
        let shown = Value::String("a\nb\x1b[31m".into()).shown().to_string();
        assert_eq!(shown, r#""a\nb\u{1b}[31m""#);
    }
}
