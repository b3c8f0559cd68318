//! Values as files write them, against the types they are declared to have.

use serde_json::Value;

use super::ValueType;
use crate::condition::{Literal, Type, parse_timestamp, version_mistake};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// A value that is not of its type.
#[derive(Debug, PartialEq)]
pub(super) struct Mistake {
    message: String,
    expected: String,
    /// What was probably meant, as it would be written, and why.
    meant: Option<(String, &'static str)>,
}

impl Mistake {
    /// The mistake at its place.
    pub(super) fn at(self, code: Code, span: Span) -> Diagnostic {
        let diagnostic =
            Diagnostic::new(code, self.message, span).labelled(format!("expected {}", self.expected));
        match self.meant {
            Some((meant, why)) => diagnostic.suggest(why, span, meant),
            None => diagnostic,
        }
    }
}

/// An attribute's value, of a scalar type.
pub(super) fn literal(value: &Value, ty: &Type) -> Result<Literal, Mistake> {
    let literal = match (ty, value) {
        (Type::String, Value::String(text)) => Some(Literal::String(text.clone())),
        (Type::Bool, Value::Bool(value)) => Some(Literal::Bool(*value)),
        (Type::Int, Value::Number(number)) => number.as_i64().map(Literal::Int),
        (Type::Double, Value::Number(number)) => number.as_f64().map(Literal::Double),
        (Type::Timestamp, Value::String(text)) => match parse_timestamp(text) {
            Ok((seconds, nanos)) => Some(Literal::Timestamp { seconds, nanos }),
            Err(reason) => return Err(mistake_because(text, reason, ty)),
        },
        (Type::Semver, Value::String(text)) => match version_mistake(text) {
            None => Some(Literal::Semver(text.clone())),
            Some(reason) => return Err(mistake_because(text, reason, ty)),
        },
        _ => None,
    };
    literal.ok_or_else(|| Mistake {
        message: format!("expected {}, found {}", ty.with_article(), kind(value)),
        expected: ty.with_article(),
        meant: meant(
            value,
            match ty {
                Type::String => Wanted::String,
                Type::Bool => Wanted::Boolean,
                Type::Int | Type::Double => Wanted::Number,
                _ => Wanted::Other,
            },
        ),
    })
}

/// Whether a value, as a test gives it, is one that an attribute of this type takes.
pub(super) fn is_context_value(value: &Value, ty: &Type) -> Result<(), Mistake> {
    match (ty, value) {
        (Type::List(element), Value::Array(values)) => values
            .iter()
            .try_for_each(|value| literal(value, element).map(drop)),
        (Type::List(_), other) => Err(Mistake {
            message: format!("expected a {ty}, found {}", kind(other)),
            expected: "a list".to_owned(),
            meant: None,
        }),
        _ => literal(value, ty).map(drop),
    }
}

/// Whether a value is one that a variable of this type takes.
pub(super) fn is_of_type(value: &Value, ty: ValueType) -> Result<(), Mistake> {
    let (fits, expected, wanted) = match ty {
        ValueType::Boolean => (value.is_boolean(), "true or false", Wanted::Boolean),
        ValueType::String => (value.is_string(), "a string", Wanted::String),
        ValueType::Number => (value.is_number(), "a number", Wanted::Number),
        ValueType::Json => (
            value.is_object() || value.is_array(),
            "an object or a list",
            Wanted::Other,
        ),
    };
    if fits {
        return Ok(());
    }
    Err(Mistake {
        message: format!("expected {expected}, found {}", kind(value)),
        expected: expected.to_owned(),
        meant: meant(value, wanted),
    })
}

fn mistake_because(text: &str, reason: &str, ty: &Type) -> Mistake {
    Mistake {
        message: format!("\"{text}\" is not a {ty}: {reason}"),
        expected: ty.with_article(),
        meant: None,
    }
}

/// The boolean that a word was meant as: YAML 1.1 had more of them.
pub(super) fn meant_boolean(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "yes" | "on" | "y" | "true" => Some(true),
        "no" | "off" | "n" | "false" => Some(false),
        _ => None,
    }
}

/// What a value was probably meant as.
#[derive(Clone, Copy, PartialEq)]
enum Wanted {
    String,
    Boolean,
    Number,
    Other,
}

fn meant(value: &Value, wanted: Wanted) -> Option<(String, &'static str)> {
    match (wanted, value) {
        (Wanted::String, Value::Number(_) | Value::Bool(_)) => Some((
            format!("\"{value}\""),
            "a string that looks otherwise stands in quotes",
        )),
        (Wanted::Boolean, Value::String(word)) => {
            meant_boolean(word).map(|meant| (meant.to_string(), "YAML's booleans are `true` and `false`"))
        }
        (Wanted::Number, Value::String(text)) => {
            let digits = text.trim_start_matches('0');
            let whole = !digits.is_empty() && digits.len() < 16 && digits.bytes().all(|b| b.is_ascii_digit());
            whole.then(|| {
                (
                    digits.to_owned(),
                    "a number stands without quotes and leading zeros",
                )
            })
        }
        _ => None,
    }
}

fn kind(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(value) => format!("the boolean {value}"),
        Value::Number(value) => format!("the number {value}"),
        Value::String(text) if text.chars().count() <= 40 => format!("the string \"{text}\""),
        Value::String(_) => "a string".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}
