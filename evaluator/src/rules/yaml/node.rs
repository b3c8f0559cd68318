//! The tree.

use granit_parser::ScalarStyle;

use super::decode;
use crate::source::{MappedText, Source, Span};

/// A value with its place.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) span: Span,
    /// Where its tag stands, if it has one: `!has(country)` is one, to everyone's surprise.
    pub(crate) tag: Option<Span>,
}

/// What a node holds.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Scalar(Scalar),
    Sequence(Vec<Node>),
    Mapping(Vec<Entry>),
}

/// A key with its value. Keys are scalars; each stands once in its mapping.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Span,
    pub(crate) value: Node,
}

/// A scalar: its text, after escapes and folds, and how it was written.
#[derive(Debug, Clone)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    pub(super) style: ScalarStyle,
}

impl Scalar {
    /// Whether it was written without quotes, so that it may be a number, a boolean or null.
    pub(crate) fn is_plain(&self) -> bool {
        self.style == ScalarStyle::Plain
    }

    /// The text, each byte of which knows its place in the source.
    pub(crate) fn mapped(&self, span: Span, source: &Source) -> MappedText {
        decode::map(&self.text, self.style, span, source.text())
    }
}

impl Node {
    /// What the node is, as an error message says it.
    pub(crate) fn describe(&self) -> &'static str {
        match &self.kind {
            Kind::Mapping(_) => "a mapping",
            Kind::Sequence(_) => "a list",
            Kind::Scalar(scalar) => match scalar.value() {
                serde_json::Value::Null => "nothing",
                serde_json::Value::Bool(_) => "a boolean",
                serde_json::Value::Number(_) => "a number",
                _ => "a string",
            },
        }
    }
}
