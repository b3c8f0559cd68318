//! `context.yaml`: what applications send.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::read::document;
use super::{Json, Mapping, Read, Reader, Required, Spanned};
use crate::condition::Type;
use crate::diagnostic::{Code, Diagnostic};
use crate::rules::yaml::{Kind, Node};

document! {
    "the context"
    /// What applications send with a request.
    struct ContextDocument {
        /// The attributes that conditions may name.
        attributes: Required<Mapping<AttributeDocument>>,
    }
}

document! {
    "an attribute"
    /// An attribute that applications send.
    struct AttributeDocument {
        /// The type of its values. A value of another type is as if it were missing.
        r#type: Required<AttributeType>,
        /// For people.
        description: Option<String>,
        /// Every value it can have; of a list, every value an element can have.
        values: Option<Vec<Spanned<Json>>>,
        /// A regular expression in RE2's syntax that each value matches as a whole.
        pattern: Option<Spanned<String>>,
    }
}

/// A type as `context.yaml` names it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AttributeType(pub(crate) Type);

/// The names of scalar types; a list of them is `list(string)` and so on.
const SCALARS: &[(&str, Type)] = &[
    ("string", Type::String),
    ("int", Type::Int),
    ("double", Type::Double),
    ("bool", Type::Bool),
    ("timestamp", Type::Timestamp),
    ("semver", Type::Semver),
];

/// What people write who come from other languages.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("boolean", "bool"),
    ("integer", "int"),
    ("number", "double"),
    ("float", "double"),
    ("text", "string"),
    ("str", "string"),
    ("version", "semver"),
    ("date", "timestamp"),
    ("datetime", "timestamp"),
    ("time", "timestamp"),
    ("array", "list(string)"),
    ("list", "list(string)"),
];

impl AttributeType {
    fn parse(text: &str) -> Option<AttributeType> {
        let scalar = |name: &str| {
            SCALARS
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, ty)| ty.clone())
        };
        match text.strip_prefix("list(").and_then(|rest| rest.strip_suffix(')')) {
            Some(element) => scalar(element.trim()).map(|ty| AttributeType(Type::List(Box::new(ty)))),
            None => scalar(text).map(AttributeType),
        }
    }
}

impl Read for AttributeType {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        reader.refuse_tag(node);
        let Kind::Scalar(scalar) = &node.kind else {
            reader.expected("a type", node);
            return None;
        };
        let text = scalar.text.trim();
        if let Some(ty) = AttributeType::parse(text) {
            return Some(ty);
        }
        let other = OTHER_NAMES
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(text))
            .map(|(_, ty)| *ty);
        let near = other.or_else(|| crate::diagnostic::nearest(text, SCALARS.iter().map(|(name, _)| *name)));
        let diagnostic = Diagnostic::new(
            Code::InvalidValue,
            format!("there is no type `{text}`"),
            node.span,
        )
        .labelled("unknown type")
        .help(
            "the types are `string`, `int`, `double`, `bool`, `timestamp`, `semver`, and `list(…)` of these",
        );
        reader.report(match near {
            Some(near) => diagnostic.suggest(format!("did you mean `{near}`?"), node.span, near),
            None => diagnostic,
        });
        None
    }
}

impl JsonSchema for AttributeType {
    fn schema_name() -> Cow<'static, str> {
        "AttributeType".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<String> = SCALARS
            .iter()
            .map(|(name, _)| (*name).to_owned())
            .chain(SCALARS.iter().map(|(name, _)| format!("list({name})")))
            .collect();
        json_schema!({ "enum": names })
    }
}
