//! LaunchDarkly's engine: rules of clauses, and users named one by one as targets, as its dashboard keeps them.

use launchdarkly_server_sdk_evaluation::{
    Context as LdContext, ContextBuilder, Flag, FlagValue, Segment, Store, evaluate,
};
use serde_json::{Value, json};

use crate::contender::Contender;
use crate::workload::{Attribute, Context, Feature, Workload};

/// No flag of ours depends on another, and no rule on a segment.
struct Nothing;

impl Store for Nothing {
    fn flag(&self, _: &str) -> Option<Flag> {
        None
    }

    fn segment(&self, _: &str) -> Option<Segment> {
        None
    }
}

pub(super) fn contenders(workload: &Workload) -> anyhow::Result<Vec<Contender>> {
    let flags: Vec<Flag> = workload
        .features
        .iter()
        .map(|feature| serde_json::from_value(flag(feature)))
        .collect::<Result<_, _>>()?;
    let ready: Vec<LdContext> = workload
        .contexts
        .iter()
        .map(built)
        .collect::<anyhow::Result<_>>()?;
    let contexts = workload.contexts.clone();
    let other_flags = flags.clone();
    let decide = |flags: &[Flag], context: &LdContext, answers: &mut [bool]| {
        for (flag, answer) in flags.iter().zip(answers) {
            let detail = evaluate(&Nothing, flag, context, None);
            *answer = matches!(detail.value, Some(FlagValue::Bool(true)));
        }
    };
    Ok(vec![
        Contender::new(
            "launchdarkly-server-sdk-evaluation",
            "context ready",
            move |nth, answers| {
                decide(&flags, &ready[nth], answers);
            },
        )
        .with_other_buckets(),
        Contender::new(
            "launchdarkly-server-sdk-evaluation",
            "context built",
            move |nth, answers| {
                if let Ok(context) = built(&contexts[nth]) {
                    decide(&other_flags, &context, answers);
                }
            },
        )
        .with_other_buckets(),
    ])
}

fn built(context: &Context) -> anyhow::Result<LdContext> {
    let mut builder = ContextBuilder::new(context.user.as_str());
    builder
        .set_string(Attribute::Country.name(), context.country.as_str())
        .set_string(Attribute::Subscription.name(), context.subscription.as_str());
    builder.build().map_err(anyhow::Error::msg)
}

fn flag(feature: &Feature) -> Value {
    let (mut targets, mut rules) = (Vec::new(), Vec::new());
    for rule in &feature.rules {
        // What names users and nothing else, and comes first, is what targets are for.
        if let [test] = &rule.tests[..]
            && test.attribute == Attribute::User
            && rules.is_empty()
        {
            targets.push(json!({ "contextKind": "user", "values": test.values, "variation": 1 }));
            continue;
        }
        let clauses: Vec<Value> = rule
            .tests
            .iter()
            .map(|test| {
                let attribute = match test.attribute {
                    Attribute::User => "key",
                    other => other.name(),
                };
                json!({
                    "contextKind": "user", "attribute": attribute, "op": "in", "values": test.values, "negate": false,
                })
            })
            .collect();
        let mut served = match rule.percent {
            // The rule is the feature's last, so that whoever is outside would get the default anyway.
            Some(percent) => json!({ "rollout": { "contextKind": "user", "variations": [
                { "variation": 1, "weight": percent * 1_000 },
                { "variation": 0, "weight": 100_000 - percent * 1_000 },
            ] } }),
            None => json!({ "variation": 1 }),
        };
        served["id"] = json!(rule.name);
        served["trackEvents"] = json!(false);
        served["clauses"] = json!(clauses);
        rules.push(served);
    }
    json!({
        "key": feature.key,
        "version": 1,
        "on": true,
        "targets": targets,
        "rules": rules,
        "prerequisites": [],
        "fallthrough": { "variation": 0 },
        "offVariation": 0,
        "variations": [false, true],
        "salt": "salt",
        "clientSideAvailability": { "usingMobileKey": false, "usingEnvironmentId": false },
    })
}
