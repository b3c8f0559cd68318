//! The workloads as files, for engines of other languages: rules, contexts, what is decided, and our own program.

use std::path::Path;

use serde_json::{Value, json};

use crate::contender::Contender;
use crate::ours;
use crate::peers::Bucket;
use crate::workload::{Feature, Workload};

/// Writes `W1.json`, `W1.wasm` and so on into a folder.
pub(crate) fn export(folder: &Path, workload: &Workload, ours: &mut Contender) -> anyhow::Result<()> {
    let bucket = Bucket::of(workload);
    let contexts = workload.contexts.iter().zip(0..).map(|(context, nth)| {
        let on = ours.answers(nth, workload).into_iter();
        json!({
            "user_id": context.user,
            "country": context.country,
            "subscription": context.subscription,
            "hash": bucket.as_ref().map(|bucket| bucket.hash(context)),
            "decided": on.map(|on| if on { '1' } else { '0' }).collect::<String>(),
        })
    });
    let exported = json!({
        "name": workload.name,
        "unit": workload.unit,
        "lastHash": bucket.as_ref().map(Bucket::last),
        "contexts": contexts.collect::<Vec<_>>(),
        "features": workload.features.iter().map(feature).collect::<Vec<_>>(),
    });
    std::fs::create_dir_all(folder)?;
    std::fs::write(
        folder.join(format!("{}.json", workload.name)),
        exported.to_string(),
    )?;
    std::fs::write(
        folder.join(format!("{}.wasm", workload.name)),
        ours::module(workload)?,
    )?;
    Ok(())
}

fn feature(feature: &Feature) -> Value {
    let rules = feature.rules.iter().map(|rule| {
        let tests = rule
            .tests
            .iter()
            .map(|test| json!({ "attribute": test.attribute.name(), "values": test.values }));
        json!({ "name": rule.name, "percent": rule.percent, "tests": tests.collect::<Vec<_>>() })
    });
    json!({ "key": feature.key, "rules": rules.collect::<Vec<_>>() })
}
