//! JSONLogic, compiled: rules as `or` of `and`s of `in`s. It has no rollouts, so users' hashes come with the context.

use datalogic_rs::{Engine, Logic, ParsedData};
use serde_json::{Value, json};

use super::Bucket;
use crate::contender::Contender;
use crate::workload::{Rule, Workload};

pub(super) fn contenders(workload: &Workload) -> anyhow::Result<Vec<Contender>> {
    // The session borrows from the engine, and a contender lives as long as the process.
    let engine: &'static Engine = Box::leak(Box::new(Engine::new()));
    let bucket = Bucket::of(workload);
    let logics: Vec<Logic> = workload
        .features
        .iter()
        .map(|feature| {
            let rules: Vec<Value> = feature
                .rules
                .iter()
                .map(|rule| condition(rule, bucket.as_ref()))
                .collect();
            engine.compile(json!({ "or": rules }).to_string().as_str())
        })
        .collect::<Result<_, _>>()?;
    let contexts: Vec<ParsedData> = workload
        .contexts
        .iter()
        .map(|context| {
            let mut data = json!({});
            for (name, value) in context.pairs() {
                data[name] = json!(value);
            }
            if let Some(bucket) = &bucket {
                data["bucket"] = json!(bucket.hash(context));
            }
            ParsedData::from_json(&data.to_string())
        })
        .collect::<Result<_, _>>()?;
    let mut session = engine.session();
    Ok(vec![Contender::new(
        "datalogic-rs",
        "context ready, hash given",
        move |nth, answers| {
            for (logic, answer) in logics.iter().zip(answers) {
                let decided = session.eval_borrowed(logic, &contexts[nth]);
                *answer = decided.is_ok_and(|value| value.as_bool() == Some(true));
                session.reset();
            }
        },
    )])
}

fn condition(rule: &Rule, bucket: Option<&Bucket<'_>>) -> Value {
    let mut all: Vec<Value> = rule
        .tests
        .iter()
        .map(|test| {
            let attribute = json!({ "var": test.attribute.name() });
            match &test.values[..] {
                [value] => json!({ "===": [attribute, value] }),
                values => json!({ "in": [attribute, values] }),
            }
        })
        .collect();
    if let (Some(_), Some(bucket)) = (rule.percent, bucket) {
        all.push(json!({ "<=": [{ "var": "bucket" }, bucket.last()] }));
    }
    if all.len() == 1 {
        all.swap_remove(0)
    } else {
        json!({ "and": all })
    }
}
