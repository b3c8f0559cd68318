//! Rego, on regorus' register machine: a machine a feature, since a program of a thousand rules has more registers than one has; long
//! lists as objects in `data`. It has no rollouts, so users' hashes come with the context.

use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::vm::RegoVM;
use regorus::{Engine, Rc, Value};
use serde_json::{Map, json};

use super::Bucket;
use crate::contender::Contender;
use crate::workload::{Feature, Workload};

const RULE: &str = "data.rules.on";

pub(super) fn contenders(workload: &Workload) -> anyhow::Result<Vec<Contender>> {
    let bucket = Bucket::of(workload);
    let features = workload.features.iter();
    let mut machines: Vec<RegoVM> = features
        .map(|feature| machine(feature, bucket.as_ref()))
        .collect::<anyhow::Result<_>>()?;
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
            for (machine, answer) in machines.iter_mut().zip(answers) {
                machine.set_input(inputs[nth].clone());
                *answer = matches!(machine.execute(), Ok(Value::Bool(true)));
            }
        },
    )])
}

fn machine(feature: &Feature, bucket: Option<&Bucket<'_>>) -> anyhow::Result<RegoVM> {
    let (policy, data) = policy(feature, bucket);
    let data = Value::from_json_str(&json!(data).to_string())?;
    let mut engine = Engine::new();
    engine.add_policy("rules.rego".to_owned(), policy)?;
    engine.add_data(data.clone())?;
    let rule: Rc<str> = RULE.into();
    let compiled = engine.compile_with_entrypoint(&rule)?;
    let mut machine = RegoVM::new();
    machine.load_program(Compiler::compile_from_policy(&compiled, &[RULE])?);
    machine.set_data(data)?;
    Ok(machine)
}

fn policy(feature: &Feature, bucket: Option<&Bucket<'_>>) -> (String, Map<String, serde_json::Value>) {
    let mut text = "package rules\nimport rego.v1\ndefault on := false\n".to_owned();
    let mut data = Map::new();
    for (rule, position) in feature.rules.iter().zip(0..) {
        let mut all: Vec<String> = Vec::new();
        for test in &rule.tests {
            let attribute = format!("input.{}", test.attribute.name());
            all.push(if test.is_long() {
                let list = format!("list_{position}");
                let members = test.values.iter().map(|value| (value.clone(), json!(true)));
                data.insert(list.clone(), members.collect());
                format!("data.{list}[{attribute}]")
            } else if let [value] = &test.values[..] {
                format!("{attribute} == {value:?}")
            } else {
                format!("{attribute} in {{{}}}", quoted(&test.values))
            });
        }
        if let (Some(_), Some(bucket)) = (rule.percent, bucket) {
            all.push(format!("input.bucket <= {}", bucket.last()));
        }
        text += &format!("on if {{ {} }}\n", all.join("; "));
    }
    (text, data)
}

fn quoted(values: &[String]) -> String {
    let quoted: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
    quoted.join(", ")
}
