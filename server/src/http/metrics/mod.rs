//! `GET /metrics`: what this server did since it started, and how the migration stands, in Prometheus' text format.

mod lag;
mod text;
mod traffic;

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::ThinData;

use self::text::{Kind, Text};
use super::state::App;
use crate::databases::Side;
use crate::flags::{Flags, Outcome};
use crate::routing::{Crossfade, Work};
use crate::sync::Stage;

pub(super) use lag::Lag;
pub(super) use traffic::{Area, Traffic};

/// Everything there is to count.
pub(super) async fn metrics(app: ThinData<App>) -> HttpResponse {
    let mut text = Text::default();
    rules(&mut text, app.flags());
    traffic(&mut text, app.traffic());
    if let Some(crossfade) = app.crossfade() {
        requests(&mut text, crossfade);
        migration(&mut text, crossfade);
        lag(&mut text, app.lag(), crossfade).await;
    }
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"))
        .body(text.finish())
}

fn rules(text: &mut Text, flags: &Flags) {
    let totals = flags.tally().totals();
    let mut family = text.family(
        "crossfade_decisions_total",
        Kind::Counter,
        "Flags decided, by what decided them; a rule of no name is the default",
    );
    for (outcome, count) in &totals.decisions {
        let Outcome {
            feature,
            variation,
            rule,
        } = outcome;
        let rule = rule.as_deref().unwrap_or_default();
        let labels = [
            ("feature", feature.as_str()),
            ("variation", variation),
            ("rule", rule),
        ];
        family.sample(&labels, count);
    }
    let mut family = text.family(
        "crossfade_decision_faults_total",
        Kind::Counter,
        "Evaluations that failed, so that a default was served",
    );
    for (feature, count) in &totals.faults {
        family.sample(&[("feature", feature)], count);
    }
    let mut family = text.family(
        "crossfade_mistyped_attributes_total",
        Kind::Counter,
        "Contexts whose attribute was not of its declared type, and so counted as missing",
    );
    for (attribute, count) in &totals.mistyped {
        family.sample(&[("attribute", attribute)], count);
    }
    text.family(
        "crossfade_undecided_requests_total",
        Kind::Counter,
        "Data requests that the rules did not decide, so that the primary alone served them",
    )
    .sample(&[], flags.undecided());
    text.family(
        "crossfade_rules_info",
        Kind::Gauge,
        "The version of the running rules",
    )
    .sample(&[("version", flags.running().version())], 1);
    text.family(
        "crossfade_rules_rejected",
        Kind::Gauge,
        "1 while the newest rules are wrong, so that older ones go on",
    )
    .sample(&[], u8::from(flags.rejected().is_some()));
}

fn traffic(text: &mut Text, traffic: &Traffic) {
    let mut family = text.family(
        "crossfade_http_requests_total",
        Kind::Counter,
        "Requests answered, by area and class of status",
    );
    for area in Area::ALL {
        for (class, count) in traffic.answered(area) {
            family.sample(&[("area", area.name()), ("status", class)], count);
        }
    }
    let mut family = text.family(
        "crossfade_http_request_seconds",
        Kind::Histogram,
        "How long requests took until their answer began",
    );
    for area in Area::ALL {
        family.histogram(&[("area", area.name())], traffic.durations(area));
    }
}

fn requests(text: &mut Text, crossfade: &Crossfade) {
    let counts = crossfade.counts().snapshot();
    let mut family = text.family(
        "crossfade_reads_total",
        Kind::Counter,
        "Reads, by the database that answered and why that one",
    );
    for (reason, count) in &counts.reads {
        family.sample(
            &[
                ("side", reason.side(crossfade.primary()).name()),
                ("reason", &name(reason)),
            ],
            count,
        );
    }
    let mut family = text.family(
        "crossfade_writes_total",
        Kind::Counter,
        "Writes that the primary has committed, by what had become of their mirror when they were answered",
    );
    for (mirror, count) in &counts.writes {
        let labels = [("side", crossfade.primary().name()), ("mirror", &name(mirror))];
        family.sample(&labels, count);
    }
    let mut family = text.family(
        "crossfade_comparisons_total",
        Kind::Counter,
        "Reads that both databases were asked, by what came of it",
    );
    for (found, count) in &counts.comparisons {
        family.sample(&[("found", &name(found))], count);
    }
    let mut family = text.family(
        "crossfade_database_seconds",
        Kind::Histogram,
        "How long each database took, waiting for a connection included",
    );
    for side in [Side::Old, Side::New] {
        for work in Work::ALL {
            let labels = [("side", side.name()), ("work", work.name())];
            family.histogram(&labels, crossfade.latencies().of(side, work));
        }
    }
}

fn migration(text: &mut Text, crossfade: &Crossfade) {
    let mut family = text.family(
        "crossfade_stage",
        Kind::Gauge,
        "1 for the stage that the migration is in",
    );
    let stages = [Stage::Idle, Stage::Syncing, Stage::Switched, Stage::Completed];
    for stage in stages {
        let is_it = u8::from(stage == crossfade.stage());
        family.sample(&[("stage", &name(&stage))], is_it);
    }
    let gauges = [
        (
            "crossfade_copied",
            "1 once all existing rows are copied",
            crossfade.is_copied(),
        ),
        (
            "crossfade_primary_up",
            "1 while the primary answers",
            crossfade.primary_answers(),
        ),
        (
            "crossfade_circuit_open",
            "1 while the new database is not asked, because it failed",
            crossfade.circuit().is_open(),
        ),
    ];
    for (metric, help, is_so) in gauges {
        text.family(metric, Kind::Gauge, help)
            .sample(&[], u8::from(is_so));
    }
}

/// What waits in the journal; left out while the primary cannot say, since 0 would be a lie.
async fn lag(text: &mut Text, lag: &Lag, crossfade: &Crossfade) {
    let Some(pending) = lag.pending(crossfade).await else {
        return;
    };
    text.family(
        "crossfade_pending_entries",
        Kind::Gauge,
        "Journal entries that are not mirrored yet",
    )
    .sample(&[], pending.entries);
    text.family(
        "crossfade_pending_oldest_seconds",
        Kind::Gauge,
        "The age of the oldest of them; 0 if there is none",
    )
    .sample(&[], pending.oldest_seconds.unwrap_or(0.0));
}

/// The name that a value serialises to.
fn name(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}
