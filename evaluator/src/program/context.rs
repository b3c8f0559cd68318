//! The context of a request: attributes by name, and the moment.

use std::collections::HashMap;

use serde_json::{Map, Value as Json};

/// What comes with a request. Borrowed: nothing of it is copied but what the rules read.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The attributes; of two with one name, the later counts.
    pub attributes: Attributes<'a>,
    /// The moment that `now`, schedules and rollouts go by, in milliseconds since the Unix epoch.
    pub now_ms: i64,
}

impl<'a> Context<'a> {
    /// A context of these attributes, at a moment in milliseconds since the Unix epoch.
    pub fn new(attributes: impl Into<Attributes<'a>>, now_ms: i64) -> Self {
        Self {
            attributes: attributes.into(),
            now_ms,
        }
    }
}

/// Where attributes are read from.
#[derive(Debug, Clone, Copy)]
pub enum Attributes<'a> {
    /// Pairs in any order.
    Pairs(&'a [(&'a str, Value<'a>)]),
    /// A JSON object.
    Json(&'a Map<String, Json>),
    /// Texts, as of a form or a header, each read as its attribute's declared type.
    Texts(&'a HashMap<String, String>),
    /// A map of values.
    Values(&'a HashMap<String, Json>),
}

impl<'a> Attributes<'a> {
    /// Every name with its value, in their order where they have one.
    pub(crate) fn pairs(self) -> Vec<(&'a str, Value<'a>)> {
        match self {
            Self::Pairs(pairs) => pairs.to_vec(),
            Self::Json(object) => object
                .iter()
                .map(|(name, value)| (name.as_str(), value.into()))
                .collect(),
            Self::Texts(texts) => texts
                .iter()
                .map(|(name, text)| (name.as_str(), Value::Text(text)))
                .collect(),
            Self::Values(values) => values
                .iter()
                .map(|(name, value)| (name.as_str(), value.into()))
                .collect(),
        }
    }
}

/// The value of an attribute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// As if the attribute were not there.
    Null,
    /// true or false
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number beyond `i64`.
    Uint(u64),
    /// A number.
    Double(f64),
    /// A string; where a timestamp or version is declared, the text of one.
    String(&'a str),
    /// A text of no known type, as in `age=17`: read as the attribute's declared type.
    Text(&'a str),
    /// A list.
    List(&'a [Value<'a>]),
    /// A JSON array.
    Array(&'a [Json]),
    /// An object, which is of no attribute's type.
    Object,
}

impl<'a> From<&'a [(&'a str, Value<'a>)]> for Attributes<'a> {
    fn from(pairs: &'a [(&'a str, Value<'a>)]) -> Self {
        Self::Pairs(pairs)
    }
}

impl<'a, const N: usize> From<&'a [(&'a str, Value<'a>); N]> for Attributes<'a> {
    fn from(pairs: &'a [(&'a str, Value<'a>); N]) -> Self {
        Self::Pairs(pairs)
    }
}

impl<'a> From<&'a Vec<(&'a str, Value<'a>)>> for Attributes<'a> {
    fn from(pairs: &'a Vec<(&'a str, Value<'a>)>) -> Self {
        Self::Pairs(pairs)
    }
}

impl<'a> From<&'a Map<String, Json>> for Attributes<'a> {
    fn from(object: &'a Map<String, Json>) -> Self {
        Self::Json(object)
    }
}

impl<'a> From<&'a HashMap<String, String>> for Attributes<'a> {
    fn from(texts: &'a HashMap<String, String>) -> Self {
        Self::Texts(texts)
    }
}

impl<'a> From<&'a HashMap<String, Json>> for Attributes<'a> {
    fn from(values: &'a HashMap<String, Json>) -> Self {
        Self::Values(values)
    }
}

impl<'a> From<&'a Json> for Value<'a> {
    fn from(json: &'a Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
                (Some(int), _, _) => Self::Int(int),
                (_, Some(uint), _) => Self::Uint(uint),
                (_, _, Some(double)) => Self::Double(double),
                _ => Self::Object,
            },
            Json::String(text) => Self::String(text),
            Json::Array(elements) => Self::Array(elements),
            Json::Object(_) => Self::Object,
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::String(text)
    }
}
