//! The metadata of a module: what a host needs to know of the rules that it never sees.

use super::CompileError;
use super::layout::Layout;
use crate::condition::Type;
use crate::program::abi;
use crate::program::{
    FeatureMetadata, Metadata, RuleMetadata, ScalarType, Slot, VariableMetadata, VariableType,
};
use crate::rules::{Feature, Reads, Rules, TargetingRule, ValueType};

/// Describes the module that these rules become.
pub(super) fn describe(rules: &Rules, reads: &Reads, layout: &Layout) -> Result<Metadata, CompileError> {
    let mut slots = Vec::new();
    for &id in &reads.attributes {
        let attribute = rules
            .environment
            .attribute(id)
            .ok_or(CompileError::Dangling { what: "attribute" })?;
        let (ty, list) = slot_type(&attribute.ty)?;
        slots.push(Slot {
            name: attribute.name.clone(),
            ty,
            list,
            at: layout.slot(id)?,
            bucketed: reads.bucketed.contains(&id),
        });
    }
    let mut variables = Vec::new();
    for (position, feature) in rules.features.iter().enumerate() {
        variables.extend(describe_variables(feature, position as u32)?);
    }
    Ok(Metadata {
        abi: abi::VERSION,
        version: rules.version.clone(),
        slots,
        results: layout.results,
        room: layout.end(),
        features: rules
            .features
            .iter()
            .map(|feature| describe_feature(rules, feature))
            .collect(),
        variables,
    })
}

fn describe_feature(rules: &Rules, feature: &Feature) -> FeatureMetadata {
    let rule = |rule: &TargetingRule| {
        let place = rules.sources.location(rule.span);
        RuleMetadata {
            name: rule.name.clone(),
            file: place
                .as_ref()
                .map_or_else(String::new, |place| place.path.to_owned()),
            line: place.map_or(0, |place| place.line as u32),
        }
    };
    FeatureMetadata {
        name: feature.name.clone(),
        variations: feature
            .variations
            .iter()
            .map(|variation| variation.name.clone())
            .collect(),
        default: feature.default as u16,
        rules: feature.targeting.iter().map(rule).collect(),
    }
}

fn describe_variables(feature: &Feature, position: u32) -> Result<Vec<VariableMetadata>, CompileError> {
    let mut variables = Vec::new();
    for (column, variable) in feature.variables.iter().enumerate() {
        let value = |variation: &crate::rules::Variation| variation.values.get(column).cloned();
        let values: Option<Vec<_>> = feature.variations.iter().map(value).collect();
        variables.push(VariableMetadata {
            key: variable.key.clone(),
            ty: match variable.ty {
                ValueType::Boolean => VariableType::Boolean,
                ValueType::String => VariableType::String,
                ValueType::Number => VariableType::Number,
                ValueType::Json => VariableType::Json,
            },
            feature: position,
            values: values.ok_or(CompileError::Dangling {
                what: "variation's value",
            })?,
        });
    }
    Ok(variables)
}

/// The type of a slot's values, and whether they are lists of it.
fn slot_type(ty: &Type) -> Result<(ScalarType, bool), CompileError> {
    let scalar = match ty {
        Type::List(element) => match slot_type(element)? {
            (element, false) => return Ok((element, true)),
            (_, true) => {
                return Err(CompileError::IllTyped {
                    what: "a list of lists",
                });
            }
        },
        Type::Bool => ScalarType::Bool,
        Type::Int => ScalarType::Int,
        Type::Uint => ScalarType::Uint,
        Type::Double => ScalarType::Double,
        Type::String => ScalarType::String,
        Type::Timestamp => ScalarType::Timestamp,
        Type::Duration => {
            return Err(CompileError::IllTyped {
                what: "an attribute that is a duration",
            });
        }
        Type::Semver => ScalarType::Semver,
    };
    Ok((scalar, false))
}
