//! Whether the server lives, and whether it can be sent requests.

use actix_web::HttpResponse;
use actix_web::web::ThinData;
use serde_json::json;

use super::state::App;

/// `GET /health/live`: it answers, so it lives.
pub(super) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

/// `GET /health/ready`: it has rules, and says which, and what is wrong with newer ones.
pub(super) async fn ready(app: ThinData<App>) -> HttpResponse {
    let rejected = app.flags().rejected().map(|rejected| rejected.message.clone());
    let version = app.flags().running().version().to_owned();
    HttpResponse::Ok().json(json!({ "status": "ok", "rules": { "version": version, "rejected": rejected } }))
}
