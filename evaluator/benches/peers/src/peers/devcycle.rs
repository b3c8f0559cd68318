//! DevCycle's bucketing, whose hashes are ours: the same users are in the same rollouts.
//!
//! Version 0.2.3 reads a condition's `subType` by the name `sub_type`, and takes the first value for the name of the custom data that it
//! asks for. So it is given the former, and the subscription as the user's email address, which it reads as it should.

use std::collections::HashMap;
use std::ffi::CString;
use std::ptr::null;

use anyhow::{Context as _, ensure};
use devcycle_bucketing_rs::{
    DevCycleUser, EventQueueOptions, PopulatedUser, ffi, init_event_queue, variable_for_user,
};
use serde_json::{Value, json};

use crate::contender::{Answers, Contender};
use crate::workload::{Attribute, Context, Feature, Rule, Test, Workload};

pub(super) fn contenders(workload: &Workload) -> anyhow::Result<Vec<Contender>> {
    let key = format!("sdk-{}", workload.name);
    start(&key, &config(workload))?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(quiet(&key))?;
    let users: Vec<PopulatedUser> = workload
        .contexts
        .iter()
        .map(|context| user(context, &key))
        .collect();
    let keys: Vec<String> = workload
        .features
        .iter()
        .map(|feature| feature.key.clone())
        .collect();
    let decide = move |nth: usize, answers: &mut Answers| {
        for (variable, answer) in keys.iter().zip(answers) {
            let user = users[nth].clone();
            let decided = runtime.block_on(variable_for_user(&key, user, variable, "Boolean"));
            *answer = decided.is_ok_and(|decided| decided.variable_value == true);
        }
    };
    Ok(vec![Contender::new(
        "devcycle-bucketing-rs",
        "user ready",
        decide,
    )])
}

/// Hands over the configuration, for which the library has no other way than its interface for C.
fn start(key: &str, config: &Value) -> anyhow::Result<()> {
    let (key, config) = (CString::new(key)?, CString::new(config.to_string())?);
    // SAFETY: both strings end with a zero and live until the call returns; null is what the interface takes for its defaults.
    let code = unsafe { ffi::devcycle_init_sdk_key(key.as_ptr(), config.as_ptr(), null(), null(), null()) };
    ensure!(code == 0, "the configuration was refused with code {code}");
    Ok(())
}

/// Counts no evaluations: nobody would collect them.
async fn quiet(key: &str) -> anyhow::Result<()> {
    let options = EventQueueOptions {
        disable_automatic_event_logging: true,
        ..EventQueueOptions::default()
    };
    let started = init_event_queue(key, options).await;
    started.ok().context("the event queue did not start")
}

fn user(context: &Context, key: &str) -> PopulatedUser {
    let user = DevCycleUser {
        user_id: context.user.clone(),
        country: context.country.clone(),
        email: context.subscription.clone(),
        custom_data: HashMap::new(),
        name: String::new(),
        language: String::new(),
        app_version: String::new(),
        app_build: String::new(),
        private_custom_data: HashMap::new(),
        device_model: String::new(),
        last_seen_date: std::time::UNIX_EPOCH.into(),
    };
    user.get_populated_user(key)
}

fn config(workload: &Workload) -> Value {
    let variables = workload.features.iter().map(|feature| {
        json!({ "_id": format!("variable-{}", feature.key), "key": feature.key, "type": "Boolean" })
    });
    json!({
        "project": { "_id": "project", "key": "project", "a0_organization": "org", "settings": {} },
        "environment": { "_id": "environment", "key": "environment" },
        "features": workload.features.iter().map(feature).collect::<Vec<_>>(),
        "variables": variables.collect::<Vec<_>>(),
        "variableHashes": {},
    })
}

fn feature(feature: &Feature) -> Value {
    let key = &feature.key;
    let targets: Vec<Value> = feature.rules.iter().map(|rule| target(rule, key)).collect();
    json!({
        "_id": format!("feature-{key}"),
        "type": "release",
        "key": key,
        "variations": [{
            "_id": format!("on-{key}"), "name": "On", "key": "on",
            "variables": [{ "_var": format!("variable-{key}"), "value": true }],
        }],
        "configuration": { "_id": format!("configuration-{key}"), "targets": targets },
    })
}

fn target(rule: &Rule, key: &str) -> Value {
    let filters: Vec<Value> = rule.tests.iter().map(filter).collect();
    let mut target = json!({
        // What the hashes are salted with.
        "_id": rule.name,
        "_audience": { "filters": { "operator": "and", "filters": filters } },
        "distribution": [{ "_variation": format!("on-{key}"), "percentage": 1.0 }],
    });
    if let Some(percent) = rule.percent {
        target["rollout"] = json!({
            "type": "stepped",
            "startDate": "2020-01-01T00:00:00Z",
            "startPercentage": 0.0,
            "stages": [{
                "type": "discrete", "date": "2020-01-02T00:00:00Z", "percentage": f64::from(percent) / 100.0,
            }],
        });
    }
    target
}

fn filter(test: &Test) -> Value {
    let sub_type = match test.attribute {
        Attribute::User => "user_id",
        Attribute::Country => "country",
        Attribute::Subscription => "email",
    };
    json!({ "type": "user", "sub_type": sub_type, "comparator": "=", "values": test.values })
}
