//! The context of one request: who asks, and what is known of them.

use std::borrow::Cow;
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use crossfade_evaluator::program;
use percent_encoding::percent_decode_str;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Json;
use thiserror::Error;

/// The attribute that OpenFeature's `targetingKey` becomes.
pub const USER_ID: &str = "user_id";

/// OpenFeature's name for the identifier of whoever a decision is for.
const TARGETING_KEY: &str = "targetingKey";

/// The most bytes of baggage that are read; W3C asks for at least this many.
const MAX_BAGGAGE_BYTES: usize = 8192;

/// The most attributes of one context; W3C asks for at least 64 members of baggage.
const MAX_ATTRIBUTES: usize = 256;

/// Attributes by name, and the moment of the request.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestContext {
    attributes: Vec<(String, AttributeValue)>,
    now_ms: i64,
}

/// What a request says of one attribute.
#[derive(Debug, Clone, PartialEq)]
pub enum AttributeValue {
    /// `true` or `false`
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Double(f64),
    /// A string.
    String(String),
    /// A list.
    List(Vec<Json>),
    /// A value written where nothing says its type (baggage, the command line): what the rules declare it to be.
    Text(String),
}

/// Why a request's context was refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ContextError {
    /// The baggage header is over its limits.
    #[error("the baggage header has more than {MAX_BAGGAGE_BYTES} bytes or {MAX_ATTRIBUTES} members")]
    BaggageTooLong,
    /// A member of the baggage header is not `key=value`.
    #[error("the baggage header's member `{0}` is not written key=value")]
    BaggageMember(String),
}

impl RequestContext {
    /// A context that says nothing, now.
    pub fn new() -> Self {
        Self::at(now_ms())
    }

    /// A context that says nothing, at a moment given in milliseconds since the Unix epoch.
    pub fn at(now_ms: i64) -> Self {
        Self {
            attributes: Vec::new(),
            now_ms,
        }
    }

    /// The context in a request's W3C `baggage` headers, in their order.
    ///
    /// Keys of other parties are kept too: rules read only what they declare.
    pub fn from_baggage<'h>(headers: impl Iterator<Item = &'h str>) -> Result<Self, ContextError> {
        let mut context = Self::new();
        let mut bytes = 0;
        for header in headers {
            bytes += header.len();
            if bytes > MAX_BAGGAGE_BYTES {
                return Err(ContextError::BaggageTooLong);
            }
            for member in header
                .split(',')
                .map(str::trim)
                .filter(|member| !member.is_empty())
            {
                let (key, value) = baggage_member(member)?;
                if context.attributes.len() == MAX_ATTRIBUTES {
                    return Err(ContextError::BaggageTooLong);
                }
                let name = if key == TARGETING_KEY { USER_ID } else { key };
                context.set(name, AttributeValue::Text(value.into_owned()));
            }
        }
        Ok(context)
    }

    /// Says an attribute's value, in place of what was said before.
    pub fn set(&mut self, name: &str, value: AttributeValue) {
        match self.attributes.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value,
            None => self.attributes.push((name.to_owned(), value)),
        }
    }

    /// This context with one more attribute.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<AttributeValue>) -> Self {
        self.set(name, value.into());
        self
    }

    /// The same attributes at another moment, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn moved_to(self, now_ms: i64) -> Self {
        Self { now_ms, ..self }
    }

    /// The attributes, in the order they were said.
    pub fn attributes(&self) -> &[(String, AttributeValue)] {
        &self.attributes
    }

    /// The moment that rules call `now`, in milliseconds since the Unix epoch.
    pub fn now_ms(&self) -> i64 {
        self.now_ms
    }

    /// Hands it over in the evaluator's form, nothing of it copied.
    pub fn evaluate<T>(&self, decide: impl FnOnce(&program::Context<'_>) -> T) -> T {
        let pairs: Vec<(&str, program::Value<'_>)> = self
            .attributes
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_evaluated()))
            .collect();
        decide(&program::Context::new(&pairs, self.now_ms))
    }

    /// Whose request it is, where it says so in text.
    pub fn user_id(&self) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(name, _)| name == USER_ID)
            .and_then(|(_, value)| match value {
                AttributeValue::String(text) | AttributeValue::Text(text) => Some(text.as_str()),
                _ => None,
            })
    }
}

impl AttributeValue {
    fn as_evaluated(&self) -> program::Value<'_> {
        match self {
            Self::Bool(value) => program::Value::Bool(*value),
            Self::Int(value) => program::Value::Int(*value),
            Self::Double(value) => program::Value::Double(*value),
            Self::String(text) => program::Value::String(text),
            Self::List(elements) => program::Value::Array(elements),
            Self::Text(text) => program::Value::Text(text),
        }
    }
}

impl Default for RequestContext {
    fn default() -> Self {
        Self::new()
    }
}

impl From<&str> for AttributeValue {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<bool> for AttributeValue {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for AttributeValue {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

/// As the story logs it: `{ user_id: "123", country: "US" }`.
impl fmt::Display for RequestContext {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("{")?;
        for (index, (name, value)) in self.attributes.iter().enumerate() {
            write!(formatter, "{} {name}: {value}", if index == 0 { "" } else { "," })?;
        }
        formatter.write_str(" }")
    }
}

impl fmt::Display for AttributeValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(formatter, "{value}"),
            Self::Int(value) => write!(formatter, "{value}"),
            Self::Double(value) => write!(formatter, "{value:?}"),
            // Debug escapes line ends, so that no value can forge a log line.
            Self::String(text) | Self::Text(text) => write!(formatter, "{text:?}"),
            Self::List(values) => {
                formatter.write_str("[")?;
                for (index, value) in values.iter().enumerate() {
                    write!(formatter, "{}{value}", if index == 0 { "" } else { ", " })?;
                }
                formatter.write_str("]")
            }
        }
    }
}

/// `key = value ; property`, where the value is percent-encoded UTF-8 and properties say nothing of the user.
fn baggage_member(member: &str) -> Result<(&str, Cow<'_, str>), ContextError> {
    let is_token = |key: &str| !key.is_empty() && key.bytes().all(is_token_byte);
    let entry = member.split(';').next().unwrap_or_default();
    match entry
        .split_once('=')
        .map(|(key, value)| (key.trim(), value.trim()))
    {
        // W3C: bytes that are no UTF-8 are to be replaced with U+FFFD.
        Some((key, value)) if is_token(key) => Ok((key, percent_decode_str(value).decode_utf8_lossy())),
        _ => Err(ContextError::BaggageMember(member.chars().take(40).collect())),
    }
}

/// RFC 7230's `tchar`.
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// From a JSON object, as OFREP sends it: `targetingKey` becomes `user_id`, whatever the object says of `user_id`.
///
/// Attributes that rules cannot read (null, objects) are left out, which makes them missing.
impl<'de> Deserialize<'de> for RequestContext {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ContextVisitor)
    }
}

struct ContextVisitor;

impl<'de> Visitor<'de> for ContextVisitor {
    type Value = RequestContext;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a context: an object of attributes")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RequestContext, A::Error> {
        let mut context = RequestContext::new();
        let mut targeting_key = None;
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            if name == TARGETING_KEY {
                targeting_key = Some(map.next_value::<TargetingKey>()?.0);
            } else if let Scalar(Some(value)) = map.next_value::<Scalar>()? {
                if context.attributes.len() == MAX_ATTRIBUTES {
                    return Err(serde::de::Error::custom("a context has at most 256 attributes"));
                }
                context.set(&name, value);
            }
        }
        if let Some(key) = targeting_key {
            context.set(USER_ID, AttributeValue::String(key));
        }
        Ok(context)
    }
}

/// OpenFeature's `targetingKey` is a string and nothing else.
#[derive(serde::Deserialize)]
struct TargetingKey(String);

/// A value that rules can read, or nothing.
struct Scalar(Option<AttributeValue>);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an attribute's value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
        Ok(Scalar(Some(AttributeValue::Bool(value))))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
        Ok(Scalar(Some(AttributeValue::Int(value))))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "JSON has one number type: what is past i64 is the nearest double"
    )]
    fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
        Ok(Scalar(Some(i64::try_from(value).map_or(
            AttributeValue::Double(value as f64),
            AttributeValue::Int,
        ))))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Scalar, E> {
        Ok(Scalar(Some(AttributeValue::Double(value))))
    }

    fn visit_str<E>(self, value: &str) -> Result<Scalar, E> {
        Ok(Scalar(Some(AttributeValue::String(value.to_owned()))))
    }

    fn visit_string<E>(self, value: String) -> Result<Scalar, E> {
        Ok(Scalar(Some(AttributeValue::String(value))))
    }

    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Scalar, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = sequence.next_element()? {
            elements.push(element);
        }
        Ok(Scalar(Some(AttributeValue::List(elements))))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar(None))
    }
}

#[cfg(test)]
mod tests {
    use super::{AttributeValue, ContextError, RequestContext};

    fn from_baggage(header: &str) -> Result<Vec<(String, String)>, ContextError> {
        let context = RequestContext::from_baggage(std::iter::once(header))?;
        let shown = context.attributes.into_iter().map(|(name, value)| match value {
            AttributeValue::Text(text) => (name, text),
            other => panic!("{other:?} is not text"),
        });
        Ok(shown.collect())
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn from_json(text: &str) -> Result<RequestContext, serde_json::Error> {
        serde_json::from_str(text)
    }

    #[test]
    fn baggage_is_read_as_w3c_writes_it() {
        let read =
            from_baggage("user_id=123 , country = US;secure;ttl=3,, name=Am%C3%A9lie%20%2C%3D ,empty=")
                .unwrap();
        assert_eq!(
            read,
            pairs(&[
                ("user_id", "123"),
                ("country", "US"),
                ("name", "Amélie ,="),
                ("empty", "")
            ])
        );
    }

    #[test]
    fn several_baggage_headers_are_one_and_the_last_word_counts() {
        let context =
            RequestContext::from_baggage(["user_id=1,country=US", "user_id=2"].into_iter()).unwrap();
        assert_eq!(context.user_id(), Some("2"));
        assert_eq!(context.attributes().len(), 2);
    }

    #[test]
    fn a_value_may_hold_an_equals_sign_and_broken_utf8_is_replaced() {
        assert_eq!(
            from_baggage("a=b=c,d=%FF%zz").unwrap(),
            pairs(&[("a", "b=c"), ("d", "\u{fffd}%zz")])
        );
    }

    #[test]
    fn malformed_baggage_is_refused_by_its_member() {
        assert_eq!(
            from_baggage("user_id=1,country").unwrap_err(),
            ContextError::BaggageMember("country".into())
        );
        assert_eq!(
            from_baggage("=1").unwrap_err(),
            ContextError::BaggageMember("=1".into())
        );
        assert_eq!(
            from_baggage("us er=1").unwrap_err(),
            ContextError::BaggageMember("us er=1".into())
        );
    }

    #[test]
    fn baggage_is_bounded() {
        let wide = "a=".to_owned() + &"x".repeat(8190);
        assert!(from_baggage(&wide).is_ok());
        assert_eq!(
            from_baggage(&(wide + "x")).unwrap_err(),
            ContextError::BaggageTooLong
        );
        let many = (0..257).map(|n| format!("a{n}=1")).collect::<Vec<_>>().join(",");
        assert_eq!(from_baggage(&many).unwrap_err(), ContextError::BaggageTooLong);
    }

    #[test]
    fn the_targeting_key_is_the_user() {
        let context = from_json(r#"{"user_id":"1","targetingKey":"2","country":"US"}"#).unwrap();
        assert_eq!(context.user_id(), Some("2"));
        assert!(from_json(r#"{"targetingKey":2}"#).is_err());
    }

    #[test]
    fn json_values_keep_their_types_and_what_rules_cannot_read_is_missing() {
        let context = from_json(
            r#"{"a":1,"b":1.0,"c":true,"d":"x","e":["p",2],"f":null,"g":{"h":1},"k":18446744073709551615}"#,
        )
        .unwrap();
        let expected = [
            ("a", AttributeValue::Int(1)),
            ("b", AttributeValue::Double(1.0)),
            ("c", AttributeValue::Bool(true)),
            ("d", AttributeValue::String("x".into())),
            ("e", AttributeValue::List(vec!["p".into(), 2.into()])),
            ("k", AttributeValue::Double(18_446_744_073_709_551_615.0)),
        ];
        assert_eq!(
            context.attributes(),
            expected.map(|(name, value)| (name.to_owned(), value))
        );
    }

    #[test]
    fn a_context_is_logged_as_in_the_story_and_cannot_forge_a_line() {
        let context = RequestContext::at(0)
            .with("user_id", "123")
            .with("country", "US\nWrite to old DB: false");
        assert_eq!(
            context.to_string(),
            r#"{ user_id: "123", country: "US\nWrite to old DB: false" }"#
        );
    }
}
