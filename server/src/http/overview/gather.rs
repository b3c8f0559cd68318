//! Puts together what there is to show.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use super::super::state::App;
use super::model::{Data, Decided, Differences, Overview, Reads, RunningRules, Sample};
use crate::databases::Side;
use crate::flags::{Compiled, Outcome};
use crate::routing::Crossfade;

/// Rows that differ and are shown.
const MOST_ROWS: usize = 100;

/// Everything now, with these samples.
pub(super) async fn gather(app: &App, samples: Vec<Sample>) -> Overview {
    let running = app.flags().running();
    let totals = app.flags().tally().totals();
    let decisions = totals.decisions.into_iter().map(|(outcome, count)| Decided {
        per_second: app.samples().decisions_per_second(&outcome),
        write: value(running.compiled(), &outcome, "write"),
        read: value(running.compiled(), &outcome, "read"),
        feature: outcome.feature,
        variation: outcome.variation,
        rule: outcome.rule,
        count,
    });
    Overview {
        at_ms: jiff::Timestamp::now().as_millisecond(),
        version: env!("CARGO_PKG_VERSION"),
        rules: RunningRules {
            version: running.version().to_owned(),
            since_ms: milliseconds(running.since()),
            rejected: app.flags().rejected().map(|rejected| rejected.message.clone()),
            undecided: app.flags().undecided(),
        },
        decisions: decisions.collect(),
        data: match app.crossfade() {
            Some(crossfade) => Some(data(app, crossfade).await),
            None => None,
        },
        samples,
        job: app.jobs().current(),
        ended: app.jobs().ended(),
    }
}

async fn data(app: &App, crossfade: &Crossfade) -> Data {
    let (counts, primary) = (crossfade.counts().snapshot(), crossfade.primary());
    let mut rows = crossfade.differences().all();
    rows.sort_by_key(|row| std::cmp::Reverse(row.last_seen));
    let count = rows.len();
    rows.truncate(MOST_ROWS);
    let databases = crossfade.databases();
    let record = app.records().latest(databases).await;
    Data {
        old: databases.url(Side::Old).to_string(),
        new: databases.url(Side::New).to_string(),
        stage: crossfade.stage(),
        primary,
        primary_answers: crossfade.primary_answers(),
        copied: crossfade.is_copied(),
        circuit_open: crossfade.circuit().is_open(),
        reads: counts
            .reads
            .iter()
            .map(|(reason, count)| Reads {
                reason: name(reason),
                side: reason.side(primary),
                count: *count,
            })
            .collect(),
        writes: counts
            .writes
            .iter()
            .map(|(mirror, count)| (name(mirror), *count))
            .collect(),
        comparisons: counts
            .comparisons
            .iter()
            .map(|(found, count)| (name(found), *count))
            .collect(),
        differences: Differences {
            count,
            rows: json!(rows),
        },
        record,
    }
}

/// What a variation has for a flag, as the running rules have it.
fn value(compiled: &Compiled, outcome: &Outcome, flag: &str) -> Option<bool> {
    let features = &compiled.rules.as_ref()?.features;
    let feature = features.iter().find(|feature| feature.name == outcome.feature)?;
    let position = feature
        .variables
        .iter()
        .position(|variable| variable.key == flag)?;
    let variation = feature
        .variations
        .iter()
        .find(|variation| variation.name == outcome.variation)?;
    variation.values.get(position)?.as_bool()
}

fn milliseconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The name that a value serialises to.
fn name(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}
