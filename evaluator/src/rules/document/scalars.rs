//! Scalars with a meaning: shares, instants, conditions.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{Read, Reader};
use crate::condition::parse_timestamp;
use crate::diagnostic::{Code, Diagnostic};
use crate::rules::yaml::{Kind, Node, Scalar};
use crate::source::MappedText;

/// `25%`, kept as hundredths of one: 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Percent(pub(crate) f64);

/// `0..100`: from the one share to the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum PercentRange {
    /// The same from start to end.
    One(Percent),
    /// Growing, or shrinking, from the first to the second.
    Between(Percent, Percent),
}

/// `2026-12-01T09:00:00Z`, in milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Instant(pub(crate) i64);

/// A condition's text, each byte of which knows its place.
#[derive(Debug)]
pub(crate) struct ConditionText(pub(crate) MappedText);

impl Percent {
    /// Of a number in percent; `None` outside 0 to 100.
    fn of_number(text: &str) -> Option<Percent> {
        let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let number: f64 = text.parse().ok().filter(|_| plain)?;
        (0.0..=100.0).contains(&number).then_some(Percent(number / 100.0))
    }
}

fn scalar<'n>(node: &'n Node, what: &str, reader: &mut Reader<'_>) -> Option<&'n Scalar> {
    reader.refuse_tag(node);
    match &node.kind {
        Kind::Scalar(scalar) if !scalar.text.is_empty() => Some(scalar),
        _ => {
            reader.expected(what, node);
            None
        }
    }
}

impl Read for Percent {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let text = &scalar(node, "a percentage such as `25%`", reader)?.text;
        if let Some(percent) = text
            .strip_suffix('%')
            .map(str::trim_end)
            .and_then(Percent::of_number)
        {
            return Some(percent);
        }
        let message = format!("`{text}` is not a percentage from 0% to 100%");
        let diagnostic = Diagnostic::new(Code::InvalidValue, message, node.span);
        reader.report(if Percent::of_number(text).is_some() {
            diagnostic.labelled("the percent sign is missing").suggest(
                format!("for {text} in a hundred write `{text}%`"),
                node.span,
                format!("{text}%"),
            )
        } else {
            diagnostic.labelled("expected a percentage such as `25%`")
        });
        None
    }
}

impl Read for PercentRange {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let text = &scalar(
            node,
            "a percentage such as `25`, or a range such as `0..100`",
            reader,
        )?
        .text;
        let one = |text: &str| Percent::of_number(text.trim().trim_end_matches('%').trim_end());
        let read = match text.split_once("..") {
            Some((from, to)) => one(from)
                .zip(one(to))
                .map(|(from, to)| PercentRange::Between(from, to)),
            None => one(text).map(PercentRange::One),
        };
        if read.is_none() {
            let message = format!("`{text}` is neither a percentage nor a range of percentages");
            reader.report(
                Diagnostic::new(Code::InvalidValue, message, node.span)
                    .labelled("expected a percentage such as `25`, or a range such as `0..100`"),
            );
        }
        read
    }
}

impl Read for Instant {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let text = &scalar(node, "an instant such as `2026-12-01T09:00:00Z`", reader)?.text;
        match parse_timestamp(text) {
            Ok((seconds, nanos)) => Some(Instant(seconds * 1000 + i64::from(nanos / 1_000_000))),
            Err(reason) => {
                reader.report(
                    Diagnostic::new(
                        Code::InvalidValue,
                        format!("`{text}` is not an instant: {reason}"),
                        node.span,
                    )
                    .labelled("expected an instant such as `2026-12-01T09:00:00Z`"),
                );
                None
            }
        }
    }
}

impl Read for ConditionText {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        if node.tag.is_some() {
            reader.refuse_tag(node);
            return None;
        }
        match &node.kind {
            Kind::Scalar(scalar) if !scalar.text.trim().is_empty() => {
                Some(ConditionText(scalar.mapped(node.span, reader.source)))
            }
            Kind::Scalar(_) => {
                reader.expected("a condition", node);
                None
            }
            _ => {
                let message = format!("expected a condition, found {}", node.describe());
                reader.report(
                    Diagnostic::new(Code::WrongShape, message, node.span)
                        .labelled("YAML reads this as its own")
                        .help("put a condition that begins with `[` or `{` in quotes"),
                );
                None
            }
        }
    }
}

/// A schema that is always written where it is used.
macro_rules! inline_schema {
    ($type:ident, $schema:tt) => {
        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

inline_schema!(Percent, { "type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?\s*%$", "examples": ["25%"] });
inline_schema!(PercentRange, {
    "anyOf": [
        { "type": "number", "minimum": 0, "maximum": 100 },
        { "type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?\s*%?\s*(\.\.\s*[0-9]+(\.[0-9]+)?\s*%?)?$" },
    ],
    "examples": ["0..100", 25],
});
inline_schema!(Instant, { "type": "string", "format": "date-time", "examples": ["2026-12-01T09:00:00Z"] });
inline_schema!(ConditionText, {
    "type": ["string", "boolean"],
    "examples": ["country in [\"IN\", \"US\"] && subscription == \"pro\""],
});
