//! The reference documents are what the program itself says: its API, its metrics, and what may stand in a file of rules.
//!
//! `BLESS=1 cargo test --package crossfade-tests reference` writes them anew.

use std::fmt::Write as _;
use std::fs;

use serde_json::Value;

use crate::support::app::{App, repository};
use crate::support::databases::Pair;
use crate::support::migration::eventually;

const MADE_BY: &str = "Made by `BLESS=1 cargo test --package crossfade-tests reference`";

/// Compares with a document, or writes it.
#[track_caller]
fn golden(name: &str, found: &str) {
    let file = repository().join("docs/reference").join(name);
    if std::env::var_os("BLESS").is_some() {
        fs::write(file, found).expect("a document that can be written");
        return;
    }
    let expected = fs::read_to_string(&file).expect("a document that can be read");
    assert!(
        expected == found,
        "{name} is stale; to accept what is new: BLESS=1 cargo test --package crossfade-tests reference\n--- found\n{found}"
    );
}

#[tokio::test]
async fn the_reference_of_the_api_and_of_metrics_is_what_a_server_says() {
    let pair = Pair::empty().await;
    let app = App::over_shop(&pair).await;
    let description = app.get("/openapi.json", "").await.done().json();
    golden("api.md", &api(&description));
    // Whoever has decided nothing has no labels to show.
    app.evaluate("read", serde_json::json!({ "targetingKey": "123" }))
        .await
        .done();
    eventually("the journal is counted", async || {
        let text = app.get("/metrics", "").await.done().text;
        text.contains("crossfade_pending_oldest_seconds")
    })
    .await;
    golden("metrics.md", &metrics(&app.get("/metrics", "").await.done().text));
}

#[test]
fn the_reference_of_rules_is_what_their_schema_says() {
    let schema = fs::read_to_string(repository().join("rules/schema.json")).expect("the schema");
    golden("rules.md", &rules(&serde_json::from_str(&schema).expect("JSON")));
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

/// A sentence in a table's cell.
fn cell(text: &str) -> String {
    text.replace('\n', " ").replace('|', "\\|")
}

fn api(description: &Value) -> String {
    let mut document = format!(
        "# API\n\n{MADE_BY} from `/openapi.json`, which has bodies and answers in full.\n\n\
         | request | what | role | query, headers | answers |\n|---|---|---|---|---|\n"
    );
    let paths = description["paths"].as_object().expect("paths");
    for (path, operations) in paths {
        for (method, operation) in operations.as_object().expect("operations") {
            let role = text(operation, "description").split('`').nth(1).unwrap_or("none");
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let parameters: Vec<String> = parameters
                .filter(|parameter| parameter["in"] != "path")
                .map(|parameter| format!("`{}`", text(parameter, "name")))
                .collect();
            let answers: Vec<&str> = operation["responses"]
                .as_object()
                .expect("answers")
                .keys()
                .map(String::as_str)
                .collect();
            let (method, summary) = (method.to_ascii_uppercase(), text(operation, "summary"));
            _ = writeln!(
                document,
                "| `{method} {path}` | {summary} | {role} | {} | {} |",
                parameters.join(" "),
                answers.join(" ")
            );
        }
    }
    document
}

fn metrics(exposition: &str) -> String {
    let mut document = format!(
        "# Metrics\n\n{MADE_BY} from `GET /metrics` of a server between two databases.\n\n\
         | metric | kind | what | labels |\n|---|---|---|---|\n"
    );
    let lines: Vec<&str> = exposition.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let Some((name, help)) = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')) else {
            continue;
        };
        let kind = lines.get(at + 1).and_then(|line| line.rsplit_once(' '));
        let kind = kind.map_or("", |(_, kind)| kind);
        let sample = lines.get(at + 2).filter(|line| line.starts_with(name));
        let labels = sample.and_then(|line| Some(line.split_once('{')?.1.split_once('}')?.0));
        let labels: Vec<String> = labels
            .into_iter()
            .flat_map(|labels| labels.split("\","))
            .filter_map(|pair| pair.split_once('='))
            .filter(|(label, _)| *label != "le")
            .map(|(label, _)| format!("`{label}`"))
            .collect();
        _ = writeln!(
            document,
            "| `{name}` | {kind} | {} | {} |",
            cell(help),
            labels.join(" ")
        );
    }
    document
}

fn rules(schema: &Value) -> String {
    let mut document = format!(
        "# Files of rules\n\n{MADE_BY} from `rules/schema.json`, by which editors complete and explain.\n\n{}\n",
        text(schema, "description")
    );
    let definitions = schema["$defs"].as_object().expect("definitions");
    for (name, definition) in definitions {
        _ = write!(document, "\n## {name}\n\n");
        if let Some(description) = definition["description"].as_str() {
            _ = writeln!(document, "{description}");
        }
        let Some(properties) = definition["properties"].as_object() else {
            let values = definition["enum"].as_array().into_iter().flatten();
            let values: Vec<String> = values
                .map(|value| format!("`{}`", value.as_str().unwrap_or_default()))
                .collect();
            _ = writeln!(document, "One of {}.", values.join(", "));
            continue;
        };
        let required = definition["required"].as_array();
        document.push_str("\n| key | what | |\n|---|---|---|\n");
        for (key, property) in properties {
            let is_required = required.is_some_and(|keys| keys.iter().any(|one| one == key));
            let needed = if is_required { "needed" } else { "" };
            _ = writeln!(
                document,
                "| `{key}` | {} | {needed} |",
                cell(text(property, "description"))
            );
        }
    }
    document
}
