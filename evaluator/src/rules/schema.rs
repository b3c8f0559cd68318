//! The JSON Schema of the files, for completion and checks in editors.

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::document::{ContextDocument, FeatureDocument};

/// The schema of `context.yaml` and of features' files.
pub fn schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let feature = generator.subschema_for::<FeatureDocument>();
    let context = generator.subschema_for::<ContextDocument>();
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Crossfade rules",
        "description": "A feature's file, or context.yaml. Generated from the types that read them.",
        // Of two alternatives an editor cannot tell which was meant; of a condition it can.
        "if": { "required": ["attributes"] },
        "then": context,
        "else": feature,
        "$defs": generator.take_definitions(true),
    });
    forbid_null(&mut schema);
    schema
}

/// A key that may be left out may still not be `null`, which is what an optional field is to `schemars`.
fn forbid_null(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(forbid_null),
        Value::Object(object) => {
            if let Some(Value::Array(types)) = object.get_mut("type") {
                types.retain(|ty| ty != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    object.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(alternatives)) = object.get_mut("anyOf") {
                alternatives.retain(|alternative| *alternative != json!({ "type": "null" }));
                if let [Value::Object(only)] = alternatives.as_slice() {
                    let only = only.clone();
                    object.remove("anyOf");
                    object.extend(only);
                }
            }
            object.values_mut().for_each(forbid_null);
        }
        _ => {}
    }
}
