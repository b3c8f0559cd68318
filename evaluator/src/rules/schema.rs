//! The JSON Schema of the files, for completion and checks in editors.

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::document::{ContextDocument, FeatureDocument};

/// The schema of `context.yaml` and of features' files.
pub fn schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let feature = generator.subschema_for::<FeatureDocument>();
    let context = generator.subschema_for::<ContextDocument>();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Crossfade rules",
        "description": "A feature's file, or context.yaml. Generated from the types that read them.",
        // Of two alternatives an editor cannot tell which was meant; of a condition it can.
        "if": { "required": ["attributes"] },
        "then": context,
        "else": feature,
        "$defs": generator.take_definitions(true),
    })
}
