//! A context that stands for a set of assumptions, found and then tried: nothing is shown that the compiled rules do not decide.

use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::model::Model;
use super::question::Member;
use super::search::Assumptions;
use crate::condition::{Literal, format_timestamp};
use crate::program::{Context, Value};

/// So many values are tried for one that is in the right buckets; each takes less than a microsecond.
const TRIES: usize = 100_000;

/// A context, at a moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Example {
    /// Its attributes; what a rule reads and is not here is missing.
    pub context: Map<String, Json>,
    /// The moment, in milliseconds since the Unix epoch, where it matters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now_ms: Option<i64>,
}

impl Example {
    /// Hands over the context.
    pub fn with_context<T>(&self, otherwise_ms: i64, ask: impl FnOnce(&Context<'_>) -> T) -> T {
        let pairs: Vec<(&str, Value<'_>)> = self
            .context
            .iter()
            .map(|(name, value)| {
                let value = match value {
                    // As from a header or a command line, which can say that a number is none.
                    Json::String(text) => Value::Text(text),
                    other => other.into(),
                };
                (name.as_str(), value)
            })
            .collect();
        ask(&Context::new(&pairs, self.now_ms.unwrap_or(otherwise_ms)))
    }

    /// An example of these assumptions, of which `is_one` must be true. None if none was found.
    pub(super) fn find(
        model: &Model,
        assumed: &Assumptions,
        is_one: impl FnOnce(&Example) -> bool,
    ) -> Option<Example> {
        let mut context = Map::new();
        for (attribute, class) in assumed.classes.iter().enumerate() {
            let Some(class) = class else { continue };
            let member = model.domains[attribute].classes.get(*class)?.member.as_ref();
            let asked = &model.variables.attributes[attribute];
            let Some(member) = member else { continue };
            let member = if asked.is_bucketed {
                in_buckets(model, attribute, *class, assumed)?
            } else {
                member.clone()
            };
            // Of two versions' attributes of one name, the context can have one.
            if context.insert(asked.name.clone(), json(&member)).is_some() {
                return None;
            }
        }
        let example = Example {
            context,
            now_ms: assumed.now_ms,
        };
        is_one(&example).then_some(example)
    }
}

/// A value of the class that is in all the buckets that are assumed.
fn in_buckets(model: &Model, attribute: usize, class: usize, assumed: &Assumptions) -> Option<Member> {
    let class = model.domains[attribute].classes.get(class)?;
    let member = class.member.as_ref()?;
    let questions = &model.variables.attributes[attribute].questions;
    let fits = |candidate: &Member| {
        let buckets = model
            .variables
            .buckets
            .iter()
            .zip(&assumed.hashes)
            .filter(|(buckets, _)| buckets.by.0 == attribute);
        buckets.into_iter().all(|(buckets, (least, end))| {
            buckets
                .hash(candidate)
                .is_some_and(|hash| (*least..*end).contains(&hash))
        }) && questions
            .iter()
            .map(|question| question.is_true_of(candidate))
            .eq(class.answers.iter().copied())
    };
    if class.is_single {
        return Some(member.clone());
    }
    std::iter::once(member.clone())
        .chain(others(member))
        .take(TRIES)
        .find(fits)
}

/// Values that are like one: many of its class, if the class is large.
fn others(member: &Member) -> Box<dyn Iterator<Item = Member> + '_> {
    let one = |literal| Member::One(literal);
    match member {
        Member::One(Literal::String(text)) => {
            // The middle of the text, where it has one, is what prefixes and suffixes leave alone.
            let middle = text
                .char_indices()
                .nth(text.chars().count() / 2)
                .map_or(0, |(at, _)| at);
            Box::new((1..).flat_map(move |number: u32| {
                let (before, after) = text.split_at(middle);
                [
                    format!("{text}{number}"),
                    format!("{number}{text}"),
                    format!("{before}{number}{after}"),
                ]
                .map(|text| one(Literal::String(text)))
            }))
        }
        Member::One(Literal::Int(value)) => Box::new((1..).flat_map(move |step| {
            [value.saturating_add(step), value.saturating_sub(step)].map(|value| one(Literal::Int(value)))
        })),
        Member::One(Literal::Uint(value)) => Box::new((1..).flat_map(move |step| {
            [value.saturating_add(step), value.saturating_sub(step)].map(|value| one(Literal::Uint(value)))
        })),
        Member::One(Literal::Double(value)) => Box::new((1_u32..).flat_map(move |step| {
            [value + f64::from(step), value - f64::from(step)].map(|value| one(Literal::Double(value)))
        })),
        _ => Box::new(std::iter::empty()),
    }
}

/// A value as JSON has it, and a text where it has none.
fn json(member: &Member) -> Json {
    match member {
        Member::One(literal) => scalar(literal),
        Member::List(elements) => elements.iter().map(scalar).collect(),
    }
}

fn scalar(literal: &Literal) -> Json {
    match literal {
        Literal::Bool(value) => (*value).into(),
        Literal::Int(value) | Literal::Duration(value) => (*value).into(),
        Literal::Uint(value) => (*value).into(),
        Literal::Double(value) if value.is_finite() => (*value).into(),
        Literal::Double(value) => value.to_string().into(),
        Literal::String(text) | Literal::Semver(text) => text.as_str().into(),
        Literal::Timestamp { seconds, nanos } => format_timestamp(*seconds, *nanos).into(),
    }
}
