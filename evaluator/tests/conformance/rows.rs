//! The rows as they are published: a `SimpleTest` of cel-spec's `simple.proto` each, in protobuf's JSON.

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

/// Where the rows come from, and the rows.
pub(crate) struct Suite {
    pub(crate) source: String,
    pub(crate) rows: Vec<Row>,
}

#[derive(Deserialize)]
pub(crate) struct Row {
    pub(crate) file: String,
    section: String,
    test: Test,
    /// The type that cel-go's checker finds.
    r#type: Option<String>,
    /// Why cel-go's checker refuses it.
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Test {
    name: String,
    expr: String,
    #[serde(default)]
    disable_check: bool,
    #[serde(default)]
    check_only: bool,
    #[serde(default)]
    type_env: Vec<Declaration>,
    #[serde(default)]
    bindings: Map<String, Json>,
    value: Option<Json>,
    typed_result: Option<TypedResult>,
    eval_error: Option<Json>,
}

#[derive(Deserialize)]
struct Declaration {
    name: String,
    /// Absent: a function is declared, which nothing of ours can be; the call of it is refused.
    ident: Option<Identifier>,
}

#[derive(Deserialize)]
struct Identifier {
    r#type: Json,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TypedResult {
    result: Option<Json>,
    deduced_type: Option<Json>,
}

/// What a row expects.
pub(crate) enum Expected {
    Value(Value),
    Error,
    /// That it is accepted, with its type; its value is not asked for.
    Accepted,
}

/// A value, as far as conditions have it.
pub(crate) enum Value {
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    String(String),
    List(Vec<Value>),
    /// Of a type that conditions do not have.
    Other(String),
}

impl Suite {
    pub(crate) fn read(lines: &str) -> Result<Suite, serde_json::Error> {
        #[derive(Deserialize)]
        struct Head {
            source: String,
        }
        let mut lines = lines.lines();
        let head: Head = serde_json::from_str(lines.next().unwrap_or_default())?;
        Ok(Suite {
            source: head.source,
            rows: lines.map(serde_json::from_str).collect::<Result<_, _>>()?,
        })
    }
}

impl Row {
    pub(crate) fn name(&self) -> String {
        format!("{}/{}/{}", self.file, self.section, self.test.name)
    }

    pub(crate) fn expression(&self) -> &str {
        &self.test.expr
    }

    pub(crate) fn expected(&self) -> Expected {
        let typed = self.test.typed_result.as_ref();
        let value = self
            .test
            .value
            .as_ref()
            .or(typed.and_then(|typed| typed.result.as_ref()));
        match value {
            _ if self.test.check_only => Expected::Accepted,
            _ if self.test.eval_error.is_some() => Expected::Error,
            Some(value) => Expected::Value(Value::read(value)),
            // So simple.proto has it.
            None => Expected::Value(Value::Bool(true)),
        }
    }

    /// The type that is found, where the row or cel-go's checker tells one that is known to the end.
    pub(crate) fn ty(&self) -> Option<String> {
        let deduced = self
            .test
            .typed_result
            .as_ref()
            .and_then(|typed| typed.deduced_type.as_ref());
        let ty = deduced.map(type_name).or_else(|| self.r#type.clone())?;
        let open = ["dyn", "any", "wrapper", "null"]
            .iter()
            .any(|open| ty.contains(open));
        (!open).then_some(ty)
    }

    /// Whether the row is only ever run unchecked, since a checker refuses it, as cel-go's does.
    pub(crate) fn is_for_no_checker(&self) -> bool {
        self.test.disable_check && self.error.is_some()
    }

    /// `context.yaml` with the row's variables.
    pub(crate) fn context(&self) -> String {
        let declared = self.test.type_env.iter().filter_map(|declaration| {
            let identifier = declaration.ident.as_ref()?;
            Some((declaration.name.clone(), type_name(&identifier.r#type)))
        });
        let bound = self
            .test
            .bindings
            .iter()
            .map(|(name, bound)| (name.clone(), Value::read(&bound["value"]).type_name()));
        // What is declared goes before what only its value tells.
        let mut attributes: Map<String, Json> =
            bound.map(|(name, ty)| (name, json!({ "type": ty }))).collect();
        attributes.extend(declared.map(|(name, ty)| (name, json!({ "type": ty }))));
        json!({ "attributes": attributes }).to_string()
    }

    /// The values of the row's variables, as an application sends them.
    pub(crate) fn attributes(&self) -> Map<String, Json> {
        self.test
            .bindings
            .iter()
            .map(|(name, bound)| (name.clone(), Value::read(&bound["value"]).sent()))
            .collect()
    }
}

impl Value {
    /// A `cel.expr.Value`.
    fn read(json: &Json) -> Value {
        // Numbers of 64 bits are strings in protobuf's JSON.
        let text = |json: &Json| json.as_str().map_or_else(|| json.to_string(), str::to_owned);
        let other = |kind: &str| Value::Other(kind.to_owned());
        let Some((kind, value)) = json.as_object().and_then(|object| object.iter().next()) else {
            return other("nothing");
        };
        match kind.as_str() {
            "boolValue" => value.as_bool().map(Value::Bool),
            "int64Value" => text(value).parse().ok().map(Value::Int),
            "uint64Value" => text(value).parse().ok().map(Value::Uint),
            "doubleValue" => text(value).parse().ok().map(Value::Double),
            "stringValue" => value.as_str().map(|text| Value::String(text.to_owned())),
            "listValue" => {
                let elements = value["values"].as_array().map(Vec::as_slice);
                Some(Value::List(
                    elements.unwrap_or_default().iter().map(Value::read).collect(),
                ))
            }
            "objectValue" => value["@type"]
                .as_str()
                .and_then(|ty| ty.rsplit('/').next())
                .map(other),
            "nullValue" => Some(other("null")),
            _ => Some(other(kind.trim_end_matches("Value"))),
        }
        .unwrap_or_else(|| other(kind))
    }

    /// As [`type_name`]; a list's is its first element's.
    pub(crate) fn type_name(&self) -> String {
        match self {
            Value::Bool(_) => "bool".to_owned(),
            Value::Int(_) => "int".to_owned(),
            Value::Uint(_) => "uint".to_owned(),
            Value::Double(_) => "double".to_owned(),
            Value::String(_) => "string".to_owned(),
            Value::List(elements) => format!(
                "list({})",
                elements
                    .first()
                    .map_or_else(|| "dyn".to_owned(), Value::type_name)
            ),
            Value::Other(kind) => kind.clone(),
        }
    }

    fn sent(&self) -> Json {
        match self {
            Value::Bool(value) => json!(value),
            Value::Int(value) => json!(value),
            Value::Uint(value) => json!(value),
            Value::Double(value) => json!(value),
            Value::String(value) => json!(value),
            Value::List(elements) => elements.iter().map(Value::sent).collect(),
            Value::Other(_) => Json::Null,
        }
    }
}

/// A `cel.expr.Type` as `context.yaml` names it, and as cel-go does.
fn type_name(ty: &Json) -> String {
    let Some((kind, of)) = ty.as_object().and_then(|object| object.iter().next()) else {
        return "nothing".to_owned();
    };
    match (kind.as_str(), of.as_str()) {
        ("primitive" | "wellKnown", Some(name)) => match name {
            "INT64" => "int".to_owned(),
            "UINT64" => "uint".to_owned(),
            other => other.to_lowercase(),
        },
        ("messageType", Some(name)) => match name {
            "google.protobuf.Timestamp" => "timestamp".to_owned(),
            "google.protobuf.Duration" => "duration".to_owned(),
            other => other.to_owned(),
        },
        ("listType", _) => format!("list({})", type_name(&of["elemType"])),
        ("mapType", _) => format!(
            "map({}, {})",
            type_name(&of["keyType"]),
            type_name(&of["valueType"])
        ),
        _ => kind.clone(),
    }
}
