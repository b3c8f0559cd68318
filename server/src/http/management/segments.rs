//! Segments: listed, read, replaced, deleted, and changed by a value.

use actix_web::http::header::{ETAG, IF_MATCH};
use actix_web::web::{Path, Payload, Query, ThinData};
use actix_web::{HttpRequest, HttpResponse};
use crossfade_evaluator::rules::edit_segment;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::body;
use super::super::error::ApiError;
use super::super::state::App;
use super::change::{By, change, current};
use super::error::ManagementError;
use super::features::{etag, is_path, require};
use crate::flags::Files;

/// A segment, as lists show it.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Summary {
    /// As conditions name it.
    name: String,
    /// Its file's bytes.
    bytes: usize,
}

/// A segment with its document.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Document {
    /// Its file's text: a value a line, comments behind `#`.
    document: String,
}

/// Values that come and go. Comments stay.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(in crate::http) struct Values {
    /// Values to add, unless they are there.
    add: Vec<String>,
    /// Values to take out, if they are there.
    remove: Vec<String>,
}

/// `GET /api/v1/segments`
pub(in crate::http) async fn list(app: ThinData<App>) -> Result<HttpResponse, ApiError> {
    let files = current(&app).await?.files;
    let summaries: Vec<Summary> = files.iter().filter_map(summary).collect();
    Ok(HttpResponse::Ok().json(summaries))
}

/// `GET /api/v1/segments/{name}`
pub(in crate::http) async fn read(app: ThinData<App>, name: Path<String>) -> Result<HttpResponse, ApiError> {
    let mut files = current(&app).await?.files;
    let document = files.remove(&file_of(&name)).ok_or_else(|| unknown(&name))?;
    Ok(HttpResponse::Ok()
        .insert_header((ETAG, etag(&document)))
        .json(Document { document }))
}

/// `PUT /api/v1/segments/{name}`
pub(in crate::http) async fn replace(
    app: ThinData<App>,
    request: HttpRequest,
    name: Path<String>,
    by: Query<By>,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let body: Document = body::json(payload, app.config()).await?;
    let (file, action) = (file_of(&name), format!("replace segment {name}"));
    let edit = |files: &Files| {
        require(request.headers(), files.get(&file))?;
        with(files, &file, body.document.clone())
    };
    let changed = change(&app, &request, by.into_inner(), action, edit).await?;
    Ok(HttpResponse::Ok()
        .insert_header((ETAG, etag(&body.document)))
        .json(changed))
}

/// `PATCH /api/v1/segments/{name}`
pub(in crate::http) async fn edit(
    app: ThinData<App>,
    request: HttpRequest,
    name: Path<String>,
    by: Query<By>,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let values: Values = body::json(payload, app.config()).await?;
    let (file, action) = (file_of(&name), format!("edit segment {name}"));
    let edit = |files: &Files| {
        let text = files.get(&file).ok_or_else(|| unknown(&name))?;
        if request.headers().contains_key(IF_MATCH) {
            require(request.headers(), Some(text))?;
        }
        with(files, &file, edited(text, &values)?)
    };
    let changed = change(&app, &request, by.into_inner(), action, edit).await?;
    Ok(HttpResponse::Ok().json(changed))
}

/// `DELETE /api/v1/segments/{name}`
pub(in crate::http) async fn delete(
    app: ThinData<App>,
    request: HttpRequest,
    name: Path<String>,
    by: Query<By>,
) -> Result<HttpResponse, ApiError> {
    let (file, action) = (file_of(&name), format!("delete segment {name}"));
    let edit = |files: &Files| {
        let text = files.get(&file).ok_or_else(|| unknown(&name))?;
        require(request.headers(), Some(text))?;
        let mut files = files.clone();
        files.remove(&file);
        Ok(files)
    };
    let changed = change(&app, &request, by.into_inner(), action, edit).await?;
    Ok(HttpResponse::Ok().json(changed))
}

fn with(files: &Files, file: &str, text: String) -> Result<Files, ManagementError> {
    if !is_path(file) {
        return Err(ManagementError::Name(file.to_owned()));
    }
    let mut files = files.clone();
    files.insert(file.to_owned(), text);
    Ok(files)
}

/// A value that a line cannot hold as it is would come back as another.
fn edited(text: &str, values: &Values) -> Result<String, ManagementError> {
    let is_fit = |value: &&String| {
        let is_comment = value.starts_with('#') || value.contains(" #") || value.contains("\t#");
        value.trim() == value.as_str() && !value.is_empty() && !value.contains(['\n', '\r']) && !is_comment
    };
    match values.add.iter().find(|value| !is_fit(value)) {
        Some(unfit) => Err(ManagementError::Body(format!(
            "{unfit:?} cannot be a line of a segment"
        ))),
        None => Ok(edit_segment(text, &values.add, &values.remove)),
    }
}

fn file_of(name: &str) -> String {
    format!("segments/{name}.txt")
}

fn summary((path, text): (&String, &String)) -> Option<Summary> {
    let name = path.strip_prefix("segments/")?.strip_suffix(".txt")?;
    Some(Summary {
        name: name.to_owned(),
        bytes: text.len(),
    })
}

fn unknown(name: &str) -> ManagementError {
    ManagementError::Unknown {
        what: "segment",
        name: name.to_owned(),
    }
}
