//! Rego, on regorus' register machine: a rule a feature, long lists as objects in `data`. It has no rollouts, so users' hashes come
//! with the context.

use anyhow::Context as _;
use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::vm::RegoVM;
use regorus::{Engine, Rc, Value};
use serde_json::{Map, json};

use super::Bucket;
use crate::contender::Contender;
use crate::workload::Workload;

pub(super) fn contenders(workload: &Workload) -> anyhow::Result<Vec<Contender>> {
    let bucket = Bucket::of(workload);
    let (policy, data) = policy(workload, bucket.as_ref());
    let data = Value::from_json_str(&json!(data).to_string())?;
    let mut engine = Engine::new();
    engine.add_policy("rules.rego".to_owned(), policy)?;
    engine.add_data(data.clone())?;
    let entry_points: Vec<String> = (0..workload.features.len())
        .map(|nth| format!("data.rules.f{nth}"))
        .collect();
    let entry_points: Vec<&str> = entry_points.iter().map(String::as_str).collect();
    let first: Rc<str> = (*entry_points.first().context("a feature")?).into();
    let compiled = engine.compile_with_entrypoint(&first)?;
    let mut machine = RegoVM::new();
    machine.load_program(Compiler::compile_from_policy(&compiled, &entry_points)?);
    machine.set_data(data)?;
    let inputs: Vec<Value> = workload
        .contexts
        .iter()
        .map(|context| {
            let mut input = json!({});
            for (name, value) in context.pairs() {
                input[name] = json!(value);
            }
            if let Some(bucket) = &bucket {
                input["bucket"] = json!(bucket.hash(context));
            }
            Value::from_json_str(&input.to_string())
        })
        .collect::<anyhow::Result<_>>()?;
    Ok(vec![Contender::new(
        "regorus",
        "context ready, hash given",
        move |nth, answers| {
            machine.set_input(inputs[nth].clone());
            for (answer, entry_point) in answers.iter_mut().zip(0..) {
                let decided = machine.execute_entry_point_by_index(entry_point);
                *answer = matches!(decided, Ok(Value::Bool(true)));
            }
        },
    )])
}

fn policy(workload: &Workload, bucket: Option<&Bucket<'_>>) -> (String, Map<String, serde_json::Value>) {
    let mut text = "package rules\nimport rego.v1\n".to_owned();
    let mut data = Map::new();
    for (feature, nth) in workload.features.iter().zip(0..) {
        text += &format!("default f{nth} := false\n");
        for (rule, position) in feature.rules.iter().zip(0..) {
            text += &format!("f{nth} if {{\n");
            for test in &rule.tests {
                let attribute = format!("input.{}", test.attribute.name());
                text += &if test.is_long() {
                    let list = format!("list_{nth}_{position}");
                    let members = test.values.iter().map(|value| (value.clone(), json!(true)));
                    data.insert(list.clone(), members.collect());
                    format!("  data.{list}[{attribute}]\n")
                } else if let [value] = &test.values[..] {
                    format!("  {attribute} == {value:?}\n")
                } else {
                    format!("  {attribute} in {{{}}}\n", quoted(&test.values))
                };
            }
            if let (Some(_), Some(bucket)) = (rule.percent, bucket) {
                text += &format!("  input.bucket <= {}\n", bucket.last());
            }
            text += "}\n";
        }
    }
    (text, data)
}

fn quoted(values: &[String]) -> String {
    let quoted: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
    quoted.join(", ")
}
