//! Features: listed, read, replaced, deleted, and changed in part.

use actix_web::http::header::{ETAG, HeaderMap, IF_MATCH, IF_NONE_MATCH};
use actix_web::web::{Path, Payload, Query, ThinData};
use actix_web::{HttpRequest, HttpResponse};
use crossfade_evaluator::rules::{Edit, Feature, Rules, Target, edit_feature, load};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::super::body;
use super::super::error::ApiError;
use super::super::state::App;
pub(in crate::http) use super::change::{By, Changed};
use super::change::{change, current};
use super::error::ManagementError;
use crate::config::hex;
use crate::flags::Files;

/// A feature, as lists show it.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Summary {
    /// Its name.
    name: String,
    /// For people.
    description: String,
    /// Whether its rules decide.
    enabled: bool,
    /// The file that it stands in, relative to the rules folder.
    file: String,
    /// Its flags, by key.
    flags: Vec<String>,
    /// Its variations, by name.
    variations: Vec<String>,
    /// Its targeting rules, by name, in their order.
    rules: Vec<String>,
}

/// A feature with its document.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Whole {
    #[serde(flatten)]
    summary: Summary,
    /// Its file's text.
    document: String,
}

/// A document that takes a feature's place.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Replacement {
    /// The feature's file in YAML or JSON, as a text.
    document: String,
    /// The file's name for a new feature; the feature's name with `.yaml` unless said.
    file: Option<String>,
}

/// Changes of parts, made together or not at all.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Parts {
    /// In their order.
    changes: Vec<Part>,
}

/// A change of a part of a feature. All the rest of its file stays as it was written.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "change", rename_all = "kebab-case", deny_unknown_fields)]
enum Part {
    /// Switches the feature on or off.
    Enabled { enabled: bool },
    /// Serves another variation where no rule is.
    Default { variation: String },
    /// Gives a rule another rollout, such as `25%`.
    Rollout { rule: String, percent: String },
    /// Lets a rule serve a variation, or several by their shares: `{"a": "50%", "b": "50%"}`.
    Serve { rule: String, serve: Served },
    /// Adds a user to the list that the rule's condition has `user_id` in.
    AddUser { rule: String, user: String },
    /// Takes a user out of that list.
    RemoveUser { rule: String, user: String },
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Served {
    One(String),
    Weighted(std::collections::BTreeMap<String, String>),
}

/// `GET /api/v1/features`
pub(in crate::http) async fn list(app: ThinData<App>) -> Result<HttpResponse, ApiError> {
    let files = current(&app).await?.files;
    let rules = rules_of(&app, &files)?;
    let summaries: Vec<Summary> = rules
        .features
        .iter()
        .map(|feature| summary(&rules, feature))
        .collect();
    Ok(HttpResponse::Ok().json(summaries))
}

/// `GET /api/v1/features/{name}`
pub(in crate::http) async fn read(app: ThinData<App>, name: Path<String>) -> Result<HttpResponse, ApiError> {
    let files = current(&app).await?.files;
    let rules = rules_of(&app, &files)?;
    let feature = find(&rules, &name).ok_or_else(|| unknown(&name))?;
    let summary = summary(&rules, feature);
    let document = files.get(&summary.file).cloned().unwrap_or_default();
    Ok(HttpResponse::Ok()
        .insert_header((ETAG, etag(&document)))
        .json(Whole { summary, document }))
}

/// `PUT /api/v1/features/{name}`
pub(in crate::http) async fn replace(
    app: ThinData<App>,
    request: HttpRequest,
    name: Path<String>,
    by: Query<By>,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let body: Replacement = body::json(payload, app.config()).await?;
    let action = format!("replace feature {name}");
    let edit = |files: &Files| replaced(&app, files, &name, &body, request.headers());
    let changed = change(&app, &request, by.into_inner(), action, edit).await?;
    Ok(HttpResponse::Ok()
        .insert_header((ETAG, etag(&body.document)))
        .json(changed))
}

/// `DELETE /api/v1/features/{name}`
pub(in crate::http) async fn delete(
    app: ThinData<App>,
    request: HttpRequest,
    name: Path<String>,
    by: Query<By>,
) -> Result<HttpResponse, ApiError> {
    let action = format!("delete feature {name}");
    let edit = |files: &Files| {
        let file = file_of(&app, files, &name)?.ok_or_else(|| unknown(&name))?;
        require(request.headers(), files.get(&file))?;
        let mut files = files.clone();
        files.remove(&file);
        Ok(files)
    };
    let changed = change(&app, &request, by.into_inner(), action, edit).await?;
    Ok(HttpResponse::Ok().json(changed))
}

/// `PATCH /api/v1/features/{name}`
pub(in crate::http) async fn edit(
    app: ThinData<App>,
    request: HttpRequest,
    name: Path<String>,
    by: Query<By>,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let parts: Parts = body::json(payload, app.config()).await?;
    let action = format!("edit feature {name}");
    let edit = |files: &Files| edited(&app, files, &name, parts, request.headers());
    let changed = change(&app, &request, by.into_inner(), action, edit).await?;
    Ok(HttpResponse::Ok().json(changed))
}

fn replaced(
    app: &App,
    files: &Files,
    name: &str,
    body: &Replacement,
    headers: &HeaderMap,
) -> Result<Files, ManagementError> {
    let known = file_of(app, files, name)?;
    require(headers, known.as_ref().and_then(|file| files.get(file)))?;
    let file = match (known, &body.file) {
        (Some(known), _) => known,
        (None, Some(file)) => file.clone(),
        (None, None) => format!("{name}.yaml"),
    };
    let mut files = files.clone();
    if !is_path(&file) {
        return Err(ManagementError::Name(file));
    }
    files.insert(file, body.document.clone());
    // A document of another feature would be a surprise; one that cannot be read is told of by the check.
    if let Some(rules) = loaded(&files)
        && find(&rules, name).is_none()
    {
        return Err(ManagementError::OtherFeature {
            asked: name.to_owned(),
            found: body.document.lines().next().unwrap_or_default().to_owned(),
        });
    }
    Ok(files)
}

fn edited(
    app: &App,
    files: &Files,
    name: &str,
    parts: Parts,
    headers: &HeaderMap,
) -> Result<Files, ManagementError> {
    let file = file_of(app, files, name)?.ok_or_else(|| unknown(name))?;
    let mut text = files.get(&file).cloned().ok_or_else(|| unknown(name))?;
    if headers.contains_key(IF_MATCH) {
        require(headers, Some(&text))?;
    }
    for part in parts.changes {
        text = edit_feature(&text, &part.into())?;
    }
    let mut files = files.clone();
    files.insert(file, text);
    Ok(files)
}

impl From<Part> for Edit {
    fn from(part: Part) -> Self {
        match part {
            Part::Enabled { enabled } => Self::Enabled(enabled),
            Part::Default { variation } => Self::Default(variation),
            Part::Rollout { rule, percent } => Self::Rollout { rule, percent },
            Part::Serve { rule, serve } => Self::Serve {
                rule,
                target: match serve {
                    Served::One(variation) => Target::One(variation),
                    Served::Weighted(shares) => Target::Weighted(shares.into_iter().collect()),
                },
            },
            Part::AddUser { rule, user } => Self::AddUser { rule, user },
            Part::RemoveUser { rule, user } => Self::RemoveUser { rule, user },
        }
    }
}

/// The precondition of whoever replaces a document, or makes a new one.
pub(super) fn require(headers: &HeaderMap, present: Option<&String>) -> Result<(), ManagementError> {
    let all = |name| headers.get_all(name).filter_map(|value| value.to_str().ok());
    let (wanted, unwanted): (Vec<&str>, Vec<&str>) = (all(IF_MATCH).collect(), all(IF_NONE_MATCH).collect());
    match present {
        Some(text) => {
            let tag = etag(text);
            let is_it = |tags: &&str| tags.split(',').any(|one| one.trim() == "*" || one.trim() == tag);
            if wanted.is_empty() && unwanted.is_empty() {
                Err(ManagementError::NoPrecondition)
            } else if wanted.iter().any(is_it) && !unwanted.iter().any(is_it) {
                Ok(())
            } else {
                Err(ManagementError::Precondition)
            }
        }
        None if wanted.is_empty() => Ok(()),
        None => Err(ManagementError::Precondition),
    }
}

/// A tag of a text: a hash of it.
pub(super) fn etag(text: &str) -> String {
    let digits = hex(&Sha256::digest(text.as_bytes())[..16]);
    format!("\"{digits}\"")
}

/// The rules that files make; where they are wrong, the running ones.
pub(super) fn rules_of(app: &App, files: &Files) -> Result<Rules, ManagementError> {
    let running = app.flags().running();
    loaded(files)
        .or_else(|| running.compiled().rules.clone())
        .ok_or(ManagementError::History(crate::flags::HistoryError::Program))
}

fn loaded(files: &Files) -> Option<Rules> {
    let files: Vec<(String, Vec<u8>)> = files
        .iter()
        .map(|(path, text)| (path.clone(), text.clone().into_bytes()))
        .collect();
    load(&files).rules
}

fn find<'r>(rules: &'r Rules, name: &str) -> Option<&'r Feature> {
    rules.features.iter().find(|feature| feature.name == name)
}

fn file_of(app: &App, files: &Files, name: &str) -> Result<Option<String>, ManagementError> {
    let rules = rules_of(app, files)?;
    Ok(find(&rules, name).map(|feature| rules.sources.place(feature.span).file))
}

fn summary(rules: &Rules, feature: &Feature) -> Summary {
    Summary {
        name: feature.name.clone(),
        description: feature.description.clone(),
        enabled: feature.enabled,
        file: rules.sources.place(feature.span).file,
        flags: feature
            .variables
            .iter()
            .map(|variable| variable.key.clone())
            .collect(),
        variations: feature
            .variations
            .iter()
            .map(|variation| variation.name.clone())
            .collect(),
        rules: feature.targeting.iter().map(|rule| rule.name.clone()).collect(),
    }
}

/// A path below the rules folder that a file of rules can have, and nothing hidden or above it.
pub(super) fn is_path(path: &str) -> bool {
    let is_part = |part: &str| {
        let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ');
        !part.is_empty() && part.len() <= 200 && !part.starts_with('.') && part.chars().all(is_plain)
    };
    let has_extension = [".yaml", ".yml", ".json", ".txt"]
        .iter()
        .any(|extension| path.ends_with(extension) && path.len() > extension.len());
    has_extension && path != "schema.json" && path.split('/').count() <= 8 && path.split('/').all(is_part)
}

pub(super) fn unknown(name: &str) -> ManagementError {
    ManagementError::Unknown {
        what: "feature",
        name: name.to_owned(),
    }
}
