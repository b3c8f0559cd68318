//! `GET /openapi.json`: the API in OpenAPI 3.1, made from the table that the router is made from.

use actix_web::HttpResponse;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::operation::{Answer, Operation};
use super::routes::operations;

/// The description.
pub(super) async fn openapi() -> HttpResponse {
    HttpResponse::Ok().json(document(&operations()))
}

fn document(operations: &[Operation]) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations {
        let described = described(operation, &mut generator);
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method.as_str().to_ascii_lowercase()] = described;
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Crossfade",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Flags by OFREP, rows in PostgREST's grammar, and the management of rules.",
        },
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
        },
    })
}

fn described(operation: &Operation, generator: &mut SchemaGenerator) -> Value {
    let mut parameters = of_path(operation.path);
    parameters.extend(
        operation
            .query
            .map(|query| of_query(&query(generator).to_value()))
            .into_iter()
            .flatten(),
    );
    let headers = operation.headers.iter();
    parameters.extend(headers.map(|name| parameter("header", name, &json!({ "type": "string" }), false)));
    let mut described = json!({
        "summary": operation.summary,
        "parameters": parameters,
        "responses": answers(operation, generator),
    });
    if let Some(body) = operation.body {
        let schema = body(generator);
        described["requestBody"] = json!({
            "required": true,
            "content": { "application/json": { "schema": schema } },
        });
    }
    if let Some(role) = operation.role {
        described["security"] = json!([{ "token": [] }]);
        described["description"] = format!("Needs the role `{role}`.").into();
    }
    described
}

fn answers(operation: &Operation, generator: &mut SchemaGenerator) -> Value {
    let common: &[u16] = if operation.role.is_some() {
        &[401, 403, 405, 429]
    } else {
        &[405, 429]
    };
    let mut answers: Map<String, Value> = Map::new();
    for status in common {
        answers.insert(status.to_string(), json!({ "description": text_of(*status) }));
    }
    for Answer {
        status,
        media_type,
        body,
    } in &operation.answers
    {
        let mut answer = json!({ "description": text_of(*status) });
        if let Some(body) = body {
            answer["content"] = json!({ *media_type: { "schema": body(generator) } });
        }
        answers.insert(status.to_string(), answer);
    }
    answers.into()
}

/// What stands between braces.
fn of_path(path: &str) -> Vec<Value> {
    let names = path.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
    names
        .map(|(name, _)| {
            let schema = if name == "id" {
                json!({ "type": "integer" })
            } else {
                json!({ "type": "string" })
            };
            parameter("path", name, &schema, true)
        })
        .collect()
}

fn of_query(schema: &Value) -> Vec<Value> {
    let properties = schema["properties"].as_object();
    let properties = properties.into_iter().flatten();
    properties
        .map(|(name, schema)| parameter("query", name, schema, false))
        .collect()
}

fn parameter(place: &str, name: &str, schema: &Value, required: bool) -> Value {
    json!({ "in": place, "name": name, "required": required, "schema": schema })
}

fn text_of(status: u16) -> &'static str {
    let status = actix_web::http::StatusCode::from_u16(status).ok();
    status
        .and_then(|status| status.canonical_reason())
        .unwrap_or("An answer")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_described_once_with_all_that_its_path_names() {
        let operations = operations();
        let document = document(&operations);
        let paths = document["paths"].as_object().unwrap();
        let described: usize = paths.values().map(|path| path.as_object().unwrap().len()).sum();
        assert_eq!(described, operations.len());
        for operation in &operations {
            let found = &document["paths"][operation.path][operation.method.as_str().to_ascii_lowercase()];
            let parameters = found["parameters"].as_array().unwrap();
            let of_path = parameters
                .iter()
                .filter(|parameter| parameter["in"] == "path")
                .count();
            assert_eq!(of_path, operation.path.matches('{').count(), "{}", operation.path);
            let responses = found["responses"].as_object().unwrap();
            assert!(
                responses.keys().any(|status| status.starts_with('2')),
                "{}",
                operation.path
            );
        }
    }

    #[test]
    fn no_reference_leads_nowhere() {
        let document = document(&operations());
        let text = document.to_string();
        let references = text.split("\"#/components/schemas/").skip(1);
        for name in references.filter_map(|rest| rest.split('"').next()) {
            assert!(document["components"]["schemas"][name].is_object(), "{name}");
        }
    }
}
