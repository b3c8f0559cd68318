//! The operations, each a few lines over the library that the command line uses too.

use actix_web::web::ThinData;
use actix_web::{HttpRequest, HttpResponse};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::super::error::ApiError;
use super::super::state::App;
use super::jobs::{Failure, Job};
use super::order::Order;
use crate::databases::{Side, with_causes};
use crate::migration::preflight::{PreflightError, PreflightOptions, preflight as look};
use crate::routing::Crossfade;
use crate::sync::Stage;
use crate::sync::journal::Pending;
use crate::verify::{Difference, VerifyOptions, last_report, repair as mend, verify as compare};

/// Where the migration stands.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Status {
    /// `idle`, `syncing`, `switched` or `completed`.
    #[schemars(with = "String")]
    stage: Stage,
    /// `old` or `new`: which takes every write first.
    #[schemars(with = "String")]
    primary: Side,
    /// Whether the primary answers.
    primary_answers: bool,
    /// Whether all existing rows are copied.
    copied: bool,
    /// Whether new is not asked at the moment, because it failed.
    circuit_open: bool,
    /// What waits in the journal; null where that is not known.
    #[schemars(with = "serde_json::Value")]
    pending: Option<Pending>,
    /// The long work that is under way, or was last.
    job: Option<Job>,
}

/// `GET /api/v1/migration`
pub(in crate::http) async fn status(app: ThinData<App>) -> Result<HttpResponse, ApiError> {
    let crossfade = crossfade(&app)?;
    Ok(HttpResponse::Ok().json(Status {
        stage: crossfade.stage(),
        primary: crossfade.primary(),
        primary_answers: crossfade.primary_answers(),
        copied: crossfade.is_copied(),
        circuit_open: crossfade.circuit().is_open(),
        pending: app.lag().pending(crossfade).await,
        job: app.jobs().current(),
    }))
}

/// `POST /api/v1/migration/preflight`: what stands in the way.
pub(in crate::http) async fn preflight(app: ThinData<App>) -> Result<HttpResponse, ApiError> {
    let databases = crossfade(&app)?.databases();
    let report = look(databases, PreflightOptions::default()).await?;
    Ok(HttpResponse::Ok().json(report))
}

/// `POST /api/v1/migration/verify`: begins to compare every row.
pub(in crate::http) async fn verify(
    app: ThinData<App>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (databases, primary) = ends(&app)?;
    let job = app
        .jobs()
        .start("verify", &who(&app, &request), |teller| async move {
            let options = VerifyOptions::default();
            let report = compare(&databases, primary, &options, |progress| teller.tell(progress)).await;
            report
                .map(|report| json!(report))
                .map_err(|error| Failure::from(with_causes(&error)))
        })?;
    Ok(HttpResponse::Accepted().json(job))
}

/// `POST /api/v1/migration/repair`: begins to make equal what the last verification found to differ.
pub(in crate::http) async fn repair(
    app: ThinData<App>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (databases, primary) = ends(&app)?;
    let catalog = crossfade(&app)?.catalog().clone();
    let job = app.jobs().start("repair", &who(&app, &request), |_| async move {
        let failed = |error: &dyn std::error::Error| Failure::from(with_causes(error));
        let report = last_report(&databases, primary)
            .await
            .map_err(|error| failed(&error))?;
        let report = report.ok_or_else(|| {
            Failure::from("nothing was verified yet, so there is nothing to repair".to_owned())
        })?;
        let differences: Vec<Difference> = report.differences().cloned().collect();
        let repaired = mend(&databases, &catalog, primary, &differences).await;
        repaired
            .map(|repaired| json!(repaired))
            .map_err(|error| failed(&error))
    })?;
    Ok(HttpResponse::Accepted().json(job))
}

/// `GET /api/v1/migration/job`: the long work that is under way, or was last; null if there was none.
pub(in crate::http) async fn job(app: ThinData<App>) -> HttpResponse {
    HttpResponse::Ok().json(app.jobs().current().map_or(Value::Null, |job| json!(job)))
}

/// Whose token it is; nothing else is said of who asks.
fn who(app: &App, request: &HttpRequest) -> String {
    Order::default().who(app, request)
}

fn ends(app: &App) -> Result<(crate::databases::Databases, Side), ApiError> {
    let crossfade = crossfade(app)?;
    Ok((crossfade.databases().clone(), crossfade.primary()))
}

fn crossfade(app: &App) -> Result<&Crossfade, ApiError> {
    app.crossfade().ok_or(ApiError::NoDatabases)
}

impl From<PreflightError> for ApiError {
    fn from(error: PreflightError) -> Self {
        Self::Preflight(error)
    }
}
