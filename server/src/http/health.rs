//! Whether the server lives, and what it can and cannot do.

use actix_web::HttpResponse;
use actix_web::web::ThinData;
use serde::Serialize;
use serde_json::json;

use super::state::App;
use crate::databases::Side;
use crate::routing::Crossfade;
use crate::sync::Stage;

/// What the server can do at this moment.
#[derive(Debug, Serialize)]
struct Readiness {
    /// `ok`, or `unavailable` where it should be sent nothing.
    status: &'static str,
    /// Why it is unavailable.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    rules: RulesReadiness,
    /// Absent in a server that only answers flags.
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<DataReadiness>,
}

#[derive(Debug, Serialize)]
struct RulesReadiness {
    version: String,
    /// What is wrong with newer rules, so that these go on.
    rejected: Option<String>,
}

#[derive(Debug, Serialize)]
struct DataReadiness {
    stage: Stage,
    primary: Side,
    /// Whether rows can be written: the primary answers.
    writes: bool,
    /// Whether any reads go to new: its rows are complete, and it has not failed lately.
    reads_from_new: bool,
    /// New has failed lately and is not asked.
    circuit_open: bool,
}

/// `GET /health/live`: it answers, so it lives.
pub(super) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

/// `GET /health/ready`: it has rules, and says which, and what is wrong with newer ones. Where it serves rows, the
/// primary must answer; flags are answered all the same.
pub(super) async fn ready(app: ThinData<App>) -> HttpResponse {
    let rules = RulesReadiness {
        version: app.flags().running().version().to_owned(),
        rejected: app.flags().rejected().map(|rejected| rejected.message.clone()),
    };
    let data = app.crossfade().map(data);
    let reason = data
        .as_ref()
        .filter(|data| !data.writes)
        .map(|data| format!("the {} database does not answer", data.primary));
    match reason {
        None => HttpResponse::Ok().json(Readiness {
            status: "ok",
            reason: None,
            rules,
            data,
        }),
        reason => HttpResponse::ServiceUnavailable().json(Readiness {
            status: "unavailable",
            reason,
            rules,
            data,
        }),
    }
}

fn data(crossfade: &Crossfade) -> DataReadiness {
    let circuit_open = crossfade.circuit().is_open();
    let stage = crossfade.stage();
    DataReadiness {
        stage,
        primary: crossfade.primary(),
        writes: crossfade.primary_answers(),
        reads_from_new: stage == Stage::Syncing && crossfade.is_copied() && !circuit_open,
        circuit_open,
    }
}
