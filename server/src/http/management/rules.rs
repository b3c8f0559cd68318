//! All rules at once: checked, previewed and explained, with nothing changed.

use actix_web::HttpResponse;
use actix_web::web::{Payload, ThinData};
use crossfade_evaluator::diagnostic::render_json;
use crossfade_evaluator::explain::explain as explain_rules;
use crossfade_evaluator::rules::Feature;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::body;
use super::super::error::ApiError;
use super::super::state::App;
use super::change::{checked, current, difference};
use super::error::ManagementError;
use super::preview::{Preview, preview as compare};
use crate::flags::{Files, HistoryError, RequestContext};

/// Files that would take the place of others, and contexts to try.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(in crate::http) struct Proposal {
    /// Texts by the files' paths, relative to the rules folder; null for a file that would be gone.
    files: std::collections::BTreeMap<String, Option<String>>,
    /// Contexts to try beside those of the tests in the files.
    contexts: Vec<Value>,
}

/// Rules that can run, and whose tests pass.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Checked {
    /// The version that they are.
    version: String,
    /// What a rule author should look at, although it is no error.
    warnings: Value,
    /// The files' difference from those that run, as `diff -u` writes it.
    difference: String,
    /// What they would change.
    preview: Preview,
}

/// Whose decisions are to be explained.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Question {
    /// The context, as in OFREP.
    context: Value,
    /// The moment, in RFC 3339; now unless said.
    at: Option<String>,
    /// Features by name, or flags by key; all of them unless said.
    #[serde(default)]
    names: Vec<String>,
}

/// `POST /api/v1/check`: everything that `check`, `test` and a preview of a change have to say.
pub(in crate::http) async fn check(app: ThinData<App>, payload: Payload) -> Result<HttpResponse, ApiError> {
    let Proposal { files, contexts } = body::json(payload, app.config()).await?;
    let before = current(&app).await?.files;
    let after = proposed(&before, files);
    let compiled = checked(after.clone()).await?;
    let running = app.flags().running();
    Ok(HttpResponse::Ok().json(Checked {
        version: compiled.program.version().to_owned(),
        warnings: render_json(&compiled.warnings.diagnostics, &compiled.warnings.sources),
        difference: difference(&before, &after),
        preview: compare(running.compiled(), &compiled, &contexts),
    }))
}

/// `POST /api/v1/explain`: why the running rules decide as they do.
pub(in crate::http) async fn explain(app: ThinData<App>, payload: Payload) -> Result<HttpResponse, ApiError> {
    let question: Question = body::json(payload, app.config()).await?;
    let context = context(&question)?;
    let running = app.flags().running();
    let rules = running.compiled().rules.as_ref();
    let rules = rules.ok_or(ManagementError::History(HistoryError::Program))?;
    let is_asked = |feature: &Feature| question.names.is_empty() || goes_by(feature, &question.names);
    let explanation = context.evaluate(|context| explain_rules(rules, context, is_asked));
    Ok(HttpResponse::Ok().json(explanation))
}

fn proposed(before: &Files, files: impl IntoIterator<Item = (String, Option<String>)>) -> Files {
    let mut after = before.clone();
    for (path, text) in files {
        match text {
            Some(text) => after.insert(path, text),
            None => after.remove(&path),
        };
    }
    after
}

fn goes_by(feature: &Feature, names: &[String]) -> bool {
    let has = |name: &String| feature.variables.iter().any(|variable| variable.key == *name);
    names.iter().any(|name| feature.name == *name || has(name))
}

fn context(question: &Question) -> Result<RequestContext, ManagementError> {
    let context: RequestContext = serde_json::from_value(question.context.clone())
        .map_err(|error| ManagementError::Body(error.to_string()))?;
    let Some(at) = &question.at else {
        return Ok(context);
    };
    let at: jiff::Timestamp = at
        .parse()
        .map_err(|_| ManagementError::Body("`at` is no time such as 2026-12-01T09:00:00Z".to_owned()))?;
    Ok(context.moved_to(at.as_millisecond()))
}
