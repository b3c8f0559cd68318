//! Whether the server lives, and whether it can be sent requests.

use actix_web::HttpResponse;
use actix_web::web::ThinData;
use serde_json::json;

use super::state::App;

/// `GET /health/live`: it answers, so it lives.
pub(super) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

/// `GET /health/ready`: it has rules, and says which, and what is wrong with newer ones. Where it serves rows, the
/// primary must answer; flags are answered all the same.
pub(super) async fn ready(app: ThinData<App>) -> HttpResponse {
    let rejected = app.flags().rejected().map(|rejected| rejected.message.clone());
    let version = app.flags().running().version().to_owned();
    let rules = json!({ "version": version, "rejected": rejected });
    match app.crossfade() {
        Some(crossfade) if !crossfade.primary_answers() => {
            let primary = crossfade.primary();
            let reason = format!("the {primary} database does not answer");
            HttpResponse::ServiceUnavailable()
                .json(json!({ "status": "unavailable", "reason": reason, "rules": rules }))
        }
        _ => HttpResponse::Ok().json(json!({ "status": "ok", "rules": rules })),
    }
}
