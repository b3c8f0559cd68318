//! Unleash's engine: each rule a strategy of constraints, lists as hash sets.

use std::borrow::Cow;
use std::collections::HashMap;

use anyhow::ensure;
use serde_json::{Value, json};
use unleash_types::client_features::Context as UnleashContext;
use unleash_yggdrasil::state::{EnrichedContext, PropertiesRef};
use unleash_yggdrasil::{EngineState, UpdateMessage};

use crate::contender::Contender;
use crate::workload::{Attribute, Context, Rule, Workload};

pub(super) fn contenders(workload: &Workload) -> anyhow::Result<Vec<Contender>> {
    let ready: Vec<UnleashContext> = workload.contexts.iter().map(ready).collect();
    let contexts = workload.contexts.clone();
    let names = || {
        workload
            .features
            .iter()
            .map(|feature| feature.key.clone())
            .collect()
    };
    let (known, built): (Vec<String>, Vec<String>) = (names(), names());
    let (engine, other_engine) = (engine(workload)?, engine(workload)?);
    Ok(vec![
        Contender::new("unleash-yggdrasil", "context ready", move |nth, answers| {
            for (name, answer) in known.iter().zip(answers) {
                let context = EnrichedContext::from(&ready[nth], name, None);
                *answer = engine.check_enabled(&context) == Some(true);
            }
        })
        .with_other_buckets(),
        Contender::new("unleash-yggdrasil", "context built", move |nth, answers| {
            let context = &contexts[nth];
            let properties: HashMap<Cow<'_, str>, Cow<'_, str>> =
                [Attribute::Country, Attribute::Subscription]
                    .map(|attribute| (attribute.name().into(), context.get(attribute).into()))
                    .into();
            for (name, answer) in built.iter().zip(answers) {
                *answer = other_engine.check_enabled(&EnrichedContext {
                    user_id: Some(&context.user),
                    session_id: None,
                    environment: None,
                    app_name: None,
                    current_time: None,
                    remote_address: None,
                    properties: Some(PropertiesRef::Cows(&properties)),
                    external_results: None,
                    toggle_name: name,
                    runtime_hostname: None,
                }) == Some(true);
            }
        })
        .with_other_buckets(),
    ])
}

fn engine(workload: &Workload) -> anyhow::Result<EngineState> {
    let features: Vec<Value> = workload
        .features
        .iter()
        .map(|feature| {
            let strategies: Vec<Value> = feature.rules.iter().map(strategy).collect();
            json!({ "name": feature.key, "type": "release", "enabled": true, "strategies": strategies })
        })
        .collect();
    let features = serde_json::from_value(json!({ "version": 2, "features": features }))?;
    let engine = EngineState::default();
    let warnings = engine.take_state(UpdateMessage::FullResponse(features));
    ensure!(
        warnings.is_none(),
        "{} warnings",
        warnings.map_or(0, |warnings| warnings.len())
    );
    Ok(engine)
}

fn strategy(rule: &Rule) -> Value {
    let constraints: Vec<Value> = rule
        .tests
        .iter()
        .map(|test| {
            let name = match test.attribute {
                Attribute::User => "userId",
                other => other.name(),
            };
            json!({ "contextName": name, "operator": "IN", "values": test.values })
        })
        .collect();
    match rule.percent {
        Some(percent) => json!({
            "name": "flexibleRollout",
            "constraints": constraints,
            "parameters": { "rollout": percent.to_string(), "stickiness": "userId", "groupId": rule.name },
        }),
        None => json!({ "name": "default", "constraints": constraints }),
    }
}

fn ready(context: &Context) -> UnleashContext {
    let properties = [Attribute::Country, Attribute::Subscription]
        .map(|attribute| (attribute.name().to_owned(), context.get(attribute).to_owned()));
    UnleashContext {
        user_id: Some(context.user.clone()),
        session_id: None,
        environment: None,
        app_name: None,
        current_time: None,
        remote_address: None,
        properties: Some(properties.into()),
    }
}
