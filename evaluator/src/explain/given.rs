//! A context as the rules take it: what each attribute is worth, exactly as a program takes it into its slots.

use std::collections::HashMap;

use super::cause::Cause;
use super::explanation::{GivenAttribute, Standing};
use super::value::{Broken, Shown, Value};
use crate::condition::{Attribute, AttributeId, Environment, Type, parse_timestamp, version_mistake};
use crate::diagnostic::nearest;
use crate::program::{self, TARGETING_KEY, bool_of, double_of, int_of, uint_of};
use crate::rules::{Reads, Rules};

/// The attributes that a context has.
#[derive(Debug, Default)]
pub(super) struct Given {
    values: HashMap<AttributeId, Value>,
    /// Values that broke their declaration.
    ill_typed: HashMap<AttributeId, Shown>,
}

impl Given {
    /// Takes a context, and tells what became of each of its attributes.
    pub(super) fn take(rules: &Rules, context: &program::Context<'_>) -> (Given, Vec<GivenAttribute>) {
        let mut given = Given::default();
        let names = Names::of(rules);
        let pairs = context.attributes.pairs();
        let mut attributes: Vec<GivenAttribute> = pairs
            .iter()
            .map(|&(name, value)| GivenAttribute {
                name: name.to_owned(),
                value: shown(value),
                standing: match names.find(name) {
                    // The name of its own takes precedence wherever it comes, so the other waits for all of them.
                    Some((_, attribute, true)) => Standing::Overruled {
                        by: attribute.name.clone(),
                    },
                    _ => given.attribute(&names, name, value),
                },
            })
            .collect();
        if names.alias.is_some_and(|id| given.is_missing(id)) {
            for (taken, &(name, value)) in attributes.iter_mut().zip(&pairs) {
                if let Some((_, _, true)) = names.find(name) {
                    taken.standing = given.attribute(&names, name, value);
                }
            }
        }
        (given, attributes)
    }

    /// Whether nothing was said of an attribute, or only that it is null.
    fn is_missing(&self, id: AttributeId) -> bool {
        !self.values.contains_key(&id) && !self.ill_typed.contains_key(&id)
    }

    /// An attribute's value; none where it is missing, or has another type than declared.
    pub(super) fn value(&self, id: AttributeId) -> Option<&Value> {
        self.values.get(&id)
    }

    /// Why an attribute has no value.
    pub(super) fn why_missing(&self, id: AttributeId, attribute: &Attribute) -> Cause {
        let name = attribute.name.clone();
        match self.ill_typed.get(&id) {
            Some(given) => Cause::IllTyped {
                attribute: name,
                declared: attribute.ty.to_string(),
                given: given.clone(),
            },
            None => Cause::Missing { attribute: name },
        }
    }

    /// Takes one attribute. Of two with one name, the later counts.
    fn attribute(&mut self, names: &Names<'_>, name: &str, value: program::Value<'_>) -> Standing {
        let Some((id, attribute, _)) = names.find(name) else {
            let declared = names.environment.attributes();
            let near = nearest(name, declared.iter().map(|attribute| attribute.name.as_str()));
            return Standing::Undeclared {
                nearest: near.map(str::to_owned),
            };
        };
        self.values.remove(&id);
        self.ill_typed.remove(&id);
        if value == program::Value::Null {
            return Standing::Null;
        }
        match taken(&attribute.ty, value) {
            Ok(value) => {
                let remark = remark(names.environment, id, attribute, &value);
                self.values.insert(id, value);
                Standing::Taken {
                    attribute: attribute.name.clone(),
                    declared: attribute.ty.to_string(),
                    remark,
                }
            }
            Err(reason) => {
                self.ill_typed.insert(id, shown(value));
                Standing::IllTyped {
                    attribute: attribute.name.clone(),
                    declared: attribute.ty.to_string(),
                    why: reason.map(str::to_owned),
                }
            }
        }
    }
}

/// The names that attributes go by.
struct Names<'r> {
    environment: &'r Environment,
    /// What OpenFeature's name for the user means here.
    alias: Option<AttributeId>,
}

impl<'r> Names<'r> {
    fn of(rules: &'r Rules) -> Self {
        let environment = &rules.environment;
        let (alias, name) = TARGETING_KEY;
        let reads = Reads::of(rules);
        let is_read = |id: &AttributeId| reads.attributes.contains(id);
        // Unless the rules know it themselves: where none reads it, a program does not know it either.
        let own = environment.attribute_id(alias);
        let user = environment.attribute_id(name);
        let is_own = own.is_some_and(|id| is_read(&id) || !user.is_some_and(|user| is_read(&user)));
        Self {
            environment,
            alias: user.filter(|_| !is_own),
        }
    }

    /// An attribute, and whether it goes by another name too, which takes precedence.
    fn find(&self, name: &str) -> Option<(AttributeId, &'r Attribute, bool)> {
        let (id, is_alias) = match self.alias {
            Some(id) if name == TARGETING_KEY.0 => (id, true),
            _ => (self.environment.attribute_id(name)?, false),
        };
        Some((id, self.environment.attribute(id)?, is_alias))
    }
}

/// A value as its declaration takes it, or why it does not, where there is more to say than the type.
fn taken(ty: &Type, value: program::Value<'_>) -> Result<Value, Option<&'static str>> {
    match (ty, value) {
        (Type::List(element), program::Value::List(values)) => values
            .iter()
            .map(|value| element_taken(element, *value))
            .collect::<Result<Vec<_>, _>>()
            .map(|values| Value::List(values.into())),
        (Type::List(element), program::Value::Array(values)) => values
            .iter()
            .map(|value| element_taken(element, value.into()))
            .collect::<Result<Vec<_>, _>>()
            .map(|values| Value::List(values.into())),
        (Type::List(_), _) => Err(None),
        _ => scalar_taken(ty, value),
    }
}

/// A text that is no timestamp or version makes its element unknown, and any other value of another type the whole list.
fn element_taken(ty: &Type, value: program::Value<'_>) -> Result<Value, Option<&'static str>> {
    let declared = match ty {
        Type::Timestamp => "timestamp",
        Type::Semver => "semver",
        _ => return scalar_taken(ty, value),
    };
    match (scalar_taken(ty, value), value) {
        (Err(_), program::Value::String(text) | program::Value::Text(text)) => {
            let text = text.to_owned();
            Ok(Value::Broken(Broken { text, declared }.into()))
        }
        (taken, _) => taken,
    }
}

fn scalar_taken(ty: &Type, value: program::Value<'_>) -> Result<Value, Option<&'static str>> {
    let taken = match ty {
        Type::Bool => bool_of(value).map(Value::Bool),
        Type::Int => int_of(value).map(Value::Int),
        Type::Uint => uint_of(value).map(Value::Uint),
        Type::Double => double_of(value).map(Value::Double),
        Type::String | Type::Timestamp | Type::Semver => {
            let (program::Value::String(text) | program::Value::Text(text)) = value else {
                return Err(None);
            };
            match ty {
                Type::Timestamp => {
                    let (seconds, nanos) = parse_timestamp(text).map_err(Some)?;
                    Some(Value::timestamp(seconds, nanos))
                }
                Type::Semver => match version_mistake(text) {
                    None => Some(Value::Semver(text.into())),
                    mistake => return Err(mistake),
                },
                _ => Some(Value::String(text.into())),
            }
        }
        // No attribute can be declared so.
        Type::Duration | Type::List(_) => None,
    };
    taken.ok_or(None)
}

/// What a rule author should know of a value that rules take, although it is not what is declared.
fn remark(
    environment: &Environment,
    id: AttributeId,
    attribute: &Attribute,
    value: &Value,
) -> Option<String> {
    let elements = match value {
        Value::List(elements) => elements,
        one => std::slice::from_ref(one),
    };
    let is_known = |value: &Value| {
        let mut known = attribute.values.iter().flatten().map(Value::of_literal);
        attribute.values.is_none() || known.any(|known| known == *value)
    };
    if let Some(unknown) = elements.iter().find(|value| !is_known(value)) {
        return Some(format!("{} is not one of its declared values", unknown.shown()));
    }
    let breaks = |value: &&Value| match value {
        Value::String(text) => environment.breaks_pattern(id, text),
        _ => false,
    };
    let broken = elements.iter().find(breaks)?;
    let pattern = attribute.pattern.as_deref().unwrap_or_default();
    Some(format!(
        "{} does not match its declared pattern {pattern}",
        broken.shown()
    ))
}

/// A value as it was given.
fn shown(value: program::Value<'_>) -> Shown {
    match value {
        program::Value::Null => Shown::Plain(serde_json::Value::Null),
        program::Value::Bool(value) => Shown::Plain(value.into()),
        program::Value::Int(value) => Shown::Plain(value.into()),
        program::Value::Uint(value) => Shown::Plain(value.into()),
        program::Value::Double(value) => Shown::double(value),
        program::Value::String(text) | program::Value::Text(text) => Shown::text(text),
        program::Value::List(values) => Shown::list(values.len(), values.iter().map(|value| shown(*value))),
        program::Value::Array(values) => {
            Shown::list(values.len(), values.iter().map(|value| shown(value.into())))
        }
        program::Value::Object => Shown::Word("{…}".to_owned()),
    }
}
