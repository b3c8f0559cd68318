//! The shapes that documents are made of.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{Read, Reader};
use crate::diagnostic::{Code, Diagnostic};
use crate::rules::values;
use crate::rules::yaml::{Kind, Node};
use crate::source::Span;

/// A value with its place.
#[derive(Debug, Clone)]
pub(crate) struct Spanned<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

/// A field that must be there. `None` where it is not or cannot be read: that is reported, and the rest goes on.
#[derive(Debug)]
pub(crate) struct Required<T>(pub(crate) Option<T>);

/// A mapping from names that the author chooses, in the written order.
#[derive(Debug)]
pub(crate) struct Mapping<T>(pub(crate) Vec<(Spanned<String>, T)>);

/// Any value, as JSON has it.
#[derive(Debug, Clone)]
pub(crate) struct Json(pub(crate) serde_json::Value);

impl<T: Read> Read for Spanned<T> {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        Some(Spanned {
            value: T::read(node, reader)?,
            span: node.span,
        })
    }
}

impl<T: Read> Read for Required<T> {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        Some(Required(T::read(node, reader)))
    }

    fn absent(key: &str, owner: &str, owner_span: Span, reader: &mut Reader<'_>) -> Option<Self> {
        Some(Required(T::absent(key, owner, owner_span, reader)))
    }
}

impl<T: Read> Read for Option<T> {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        Some(T::read(node, reader))
    }

    fn absent(_: &str, _: &str, _: Span, _: &mut Reader<'_>) -> Option<Self> {
        Some(None)
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        reader.refuse_tag(node);
        if let Kind::Sequence(items) = &node.kind {
            return Some(items.iter().filter_map(|item| T::read(item, reader)).collect());
        }
        reader.expected("a list", node);
        None
    }
}

impl<T: Read> Read for Mapping<T> {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        reader.refuse_tag(node);
        let Kind::Mapping(entries) = &node.kind else {
            reader.expected("a mapping", node);
            return None;
        };
        let read = entries.iter().filter_map(|entry| {
            let name = Spanned {
                value: entry.key.clone(),
                span: entry.key_span,
            };
            Some((name, T::read(&entry.value, reader)?))
        });
        Some(Mapping(read.collect()))
    }
}

impl Read for String {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        reader.refuse_tag(node);
        match &node.kind {
            Kind::Scalar(scalar) if scalar.value().is_string() => Some(scalar.text.clone()),
            // A name such as `2026` or `true` is meant as it is written.
            Kind::Scalar(scalar) if !scalar.value().is_null() => Some(scalar.text.clone()),
            _ => {
                reader.expected("a string", node);
                None
            }
        }
    }
}

impl Read for bool {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        reader.refuse_tag(node);
        if let Kind::Scalar(scalar) = &node.kind
            && let serde_json::Value::Bool(value) = scalar.value()
        {
            return Some(value);
        }
        let meant = match &node.kind {
            Kind::Scalar(scalar) => values::meant_boolean(&scalar.text),
            _ => None,
        };
        let message = format!("expected true or false, found {}", node.describe());
        let diagnostic =
            Diagnostic::new(Code::WrongShape, message, node.span).labelled("expected true or false");
        reader.report(match meant {
            Some(meant) => diagnostic.suggest(
                "YAML's booleans are `true` and `false`",
                node.span,
                meant.to_string(),
            ),
            None => diagnostic,
        });
        None
    }
}

impl Read for Json {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        reader.refuse_tag(node);
        Some(Json(node.to_json()))
    }
}

/// The schema is that of the value inside.
macro_rules! transparent_schema {
    ($type:ident) => {
        impl<T: JsonSchema> JsonSchema for $type<T> {
            fn inline_schema() -> bool {
                T::inline_schema()
            }

            fn schema_name() -> Cow<'static, str> {
                T::schema_name()
            }

            fn schema_id() -> Cow<'static, str> {
                T::schema_id()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                T::json_schema(generator)
            }
        }
    };
}

transparent_schema!(Spanned);
transparent_schema!(Required);

impl<T: JsonSchema> JsonSchema for Mapping<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("MappingOf{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "additionalProperties": generator.subschema_for::<T>() })
    }
}

impl JsonSchema for Json {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Json".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!(true)
    }
}
