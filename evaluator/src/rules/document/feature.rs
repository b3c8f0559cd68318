//! A feature's file.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::read::document;
use super::{ConditionText, Instant, Json, Mapping, Percent, PercentRange, Read, Reader, Required, Spanned};
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::rules::model::ValueType;
use crate::rules::yaml::{Kind, Node};

document! {
    "a feature"
    /// A named bundle of variables, variations and targeting rules.
    struct FeatureDocument {
        /// Its name, unique among the features.
        feature: Required<Spanned<String>>,
        /// For people.
        description: Option<String>,
        /// `false` serves everyone the default variation.
        enabled: Option<bool>,
        /// What applications ask for, by key. A key belongs to one feature.
        variables: Required<Mapping<VariableDocument>>,
        /// Named sets of values: one for every variable.
        variations: Required<Mapping<Mapping<Spanned<Json>>>>,
        /// The first rule that matches, and takes the user into its rollout, wins.
        targeting: Option<Vec<RuleDocument>>,
        /// The variation for everyone else.
        default: Required<Spanned<String>>,
        /// What `crossfade test` checks.
        tests: Option<Vec<Spanned<TestDocument>>>,
    }
}

document! {
    "a variable"
    /// A typed value that applications ask for.
    struct VariableDocument {
        /// The type of its values.
        r#type: Required<ValueType>,
        /// For people.
        description: Option<String>,
    }
}

document! {
    "a targeting rule"
    /// A name, a condition, and what it serves.
    struct RuleDocument {
        /// Shown in decisions.
        name: Required<Spanned<String>>,
        /// A condition in CEL, the Common Expression Language.
        when: Required<ConditionText>,
        /// The rule is as if absent before this instant.
        from: Option<Spanned<Instant>>,
        /// The rule is as if absent from this instant on.
        to: Option<Spanned<Instant>>,
        /// How many of those who match are served; the others go on to the next rule.
        rollout: Option<Spanned<RolloutDocument>>,
        /// The attribute that rollout and weights go by: `user_id` unless said.
        by: Option<Spanned<String>>,
        /// Seeds the buckets: the rule's name unless said.
        salt: Option<String>,
        /// A variation, or several with their shares.
        serve: Required<ServeDocument>,
    }
}

/// How many are served.
#[derive(Debug)]
pub(crate) enum RolloutDocument {
    /// `25%`
    Fixed(Percent),
    /// By time.
    Scheduled(ScheduleDocument),
}

document! {
    "a rollout"
    /// A rollout by time: linear between two instants, or by steps.
    struct ScheduleDocument {
        /// When it starts to grow.
        from: Option<Required<Spanned<Instant>>>,
        /// When it has grown.
        to: Option<Required<Spanned<Instant>>>,
        /// From what share to what share: `0..100`.
        percent: Option<Required<Spanned<PercentRange>>>,
        /// A share from each instant on.
        steps: Option<Vec<StepDocument>>,
    }
}

document! {
    "a step"
    /// A share from an instant on.
    struct StepDocument {
        /// When the step is taken.
        from: Required<Spanned<Instant>>,
        /// The share from then on.
        percent: Required<PercentRange>,
    }
}

/// What a rule serves.
#[derive(Debug)]
pub(crate) enum ServeDocument {
    /// One variation.
    One(Spanned<String>),
    /// Several, by their shares.
    Weighted(Spanned<Mapping<Spanned<Percent>>>),
}

document! {
    "a test"
    /// A context, and what is expected of it.
    struct TestDocument {
        /// The context's attributes.
        given: Required<Mapping<Spanned<Json>>>,
        /// The moment; now unless said.
        at: Option<Instant>,
        /// The value expected of each variable named.
        expect: Option<Mapping<Spanned<Json>>>,
        /// The variation expected.
        variation: Option<Spanned<String>>,
        /// The rule expected; `null` for none, that is the default.
        rule: Option<Spanned<Json>>,
    }
}

impl Read for RolloutDocument {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        match &node.kind {
            Kind::Mapping(_) => ScheduleDocument::read(node, reader).map(RolloutDocument::Scheduled),
            _ => Percent::read(node, reader).map(RolloutDocument::Fixed),
        }
    }
}

impl JsonSchema for RolloutDocument {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "RolloutDocument".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [generator.subschema_for::<Percent>(), generator.subschema_for::<ScheduleDocument>()]
        })
    }
}

impl Read for ServeDocument {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        match &node.kind {
            Kind::Mapping(_) => Read::read(node, reader).map(ServeDocument::Weighted),
            Kind::Scalar(_) => Read::read(node, reader).map(ServeDocument::One),
            Kind::Sequence(_) => {
                reader.expected("a variation's name, or a mapping of names to shares", node);
                None
            }
        }
    }
}

impl JsonSchema for ServeDocument {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "ServeDocument".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [generator.subschema_for::<String>(), generator.subschema_for::<Mapping<Percent>>()]
        })
    }
}

/// The names of the types, as files and applications write them.
const VALUE_TYPES: &[(&str, ValueType)] = &[
    ("boolean", ValueType::Boolean),
    ("string", ValueType::String),
    ("number", ValueType::Number),
    ("json", ValueType::Json),
];

/// What people write who come from other languages.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("bool", "boolean"),
    ("int", "number"),
    ("integer", "number"),
    ("float", "number"),
    ("double", "number"),
    ("text", "string"),
    ("str", "string"),
    ("object", "json"),
    ("array", "json"),
];

impl Read for ValueType {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let text = String::read(node, reader)?;
        if let Some((_, ty)) = VALUE_TYPES.iter().find(|(name, _)| *name == text) {
            return Some(*ty);
        }
        let other = OTHER_NAMES
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(&text))
            .map(|(_, ty)| *ty);
        let near = other.or_else(|| nearest(&text, VALUE_TYPES.iter().map(|(name, _)| *name)));
        let diagnostic = Diagnostic::new(
            Code::InvalidValue,
            format!("there is no type `{text}`"),
            node.span,
        )
        .labelled("unknown type");
        reader.report(match near {
            Some(near) => diagnostic.suggest(format!("did you mean `{near}`?"), node.span, near),
            None => diagnostic.help("the types are `boolean`, `string`, `number` and `json`"),
        });
        None
    }
}

impl JsonSchema for ValueType {
    fn schema_name() -> Cow<'static, str> {
        "ValueType".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = VALUE_TYPES.iter().map(|(name, _)| *name).collect();
        json_schema!({ "enum": names })
    }
}
