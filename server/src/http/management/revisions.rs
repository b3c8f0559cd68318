//! Revisions of the rules, and what was done through the API.

use actix_web::web::{Path, Query, ThinData};
use actix_web::{HttpRequest, HttpResponse};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::error::ApiError;
use super::super::state::App;
use super::change::{By, change, difference};
use super::error::ManagementError;
use crate::flags::{Files, Recorded};

/// How many are listed unless said.
const USUAL: usize = 100;

/// How many are listed at most.
const MOST: usize = 1_000;

/// How much of a list is wanted.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(in crate::http) struct Limit {
    /// The newest so many; 100 unless said, and 1000 at most.
    limit: Option<u16>,
}

/// A revision, whole.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Whole {
    #[serde(flatten)]
    recorded: Recorded,
    /// What it changed, as `diff -u` writes it.
    difference: String,
    /// All files, by their paths.
    files: Files,
}

/// `GET /api/v1/revisions`
pub(in crate::http) async fn list(app: ThinData<App>, limit: Query<Limit>) -> Result<HttpResponse, ApiError> {
    let list = app.history()?.list(limit.rows()).await;
    Ok(HttpResponse::Ok().json(list.map_err(ManagementError::from)?))
}

/// `GET /api/v1/revisions/{id}`
pub(in crate::http) async fn read(app: ThinData<App>, id: Path<i64>) -> Result<HttpResponse, ApiError> {
    let (recorded, files) = app.history()?.get(*id).await.map_err(ManagementError::from)?;
    let before = before(&app, *id).await?;
    let difference = difference(&before, &files);
    Ok(HttpResponse::Ok().json(Whole {
        recorded,
        difference,
        files,
    }))
}

/// `POST /api/v1/revisions/{id}/restore`: a new revision with an old one's files.
pub(in crate::http) async fn restore(
    app: ThinData<App>,
    request: HttpRequest,
    id: Path<i64>,
    by: Query<By>,
) -> Result<HttpResponse, ApiError> {
    let (_, files) = app.history()?.get(*id).await.map_err(ManagementError::from)?;
    let action = format!("restore revision {id}");
    let changed = change(&app, &request, by.into_inner(), action, |_| Ok(files)).await?;
    Ok(HttpResponse::Ok().json(changed))
}

/// `GET /api/v1/audit`
pub(in crate::http) async fn audit(
    app: ThinData<App>,
    limit: Query<Limit>,
) -> Result<HttpResponse, ApiError> {
    let entries = app.history()?.audited(limit.rows()).await;
    Ok(HttpResponse::Ok().json(entries.map_err(ManagementError::from)?))
}

/// The files of the revision before; numbers have gaps.
async fn before(app: &App, id: i64) -> Result<Files, ManagementError> {
    let history = app.history()?;
    let earlier = history.list(usize::MAX).await?;
    match earlier.iter().find(|recorded| recorded.id < id) {
        Some(recorded) => Ok(history.get(recorded.id).await?.1),
        None => Ok(Files::new()),
    }
}

impl Limit {
    fn rows(&self) -> usize {
        self.limit.map_or(USUAL, usize::from).min(MOST)
    }
}
