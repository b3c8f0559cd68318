//! The one way that a change of the rules goes.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use actix_web::HttpRequest;
use crossfade_evaluator::diagnostic::render_json;
use crossfade_evaluator::source::Sources;
use crossfade_evaluator::testing::{Selection, run};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use similar::TextDiff;

use super::super::auth;
use super::super::error::ApiError;
use super::super::state::App;
use super::error::ManagementError;
use super::preview::{Preview, preview};
use crate::config::fingerprint;
use crate::flags::{Audited, Compiled, Current, Files, NewRevision, Recorded, RulesError, sources_of};

/// How long a change may take to decide on this server; others follow as soon.
const EFFECT_WITHIN: Duration = Duration::from_secs(5);

/// Who makes a change, and why; in the query of every change.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(in crate::http) struct By {
    /// Who makes the change.
    pub(super) author: String,
    /// Why.
    pub(super) reason: String,
    /// Only show what it would change.
    pub(super) preview: bool,
}

/// What a change did, or would do.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Changed {
    /// The revision that was made; absent where nothing was to be changed, or only a preview was asked for.
    revision: Option<Recorded>,
    /// The version of the rules with the change.
    version: String,
    /// The files' difference, as `diff -u` writes it.
    difference: String,
    /// What it changes, and for whom.
    preview: Preview,
    /// What a rule author should look at, although it is no error.
    warnings: Value,
}

/// Makes a change: `edit` says from the files as they are what they should be.
pub(in crate::http) async fn change(
    app: &App,
    request: &HttpRequest,
    by: By,
    action: String,
    edit: impl FnOnce(&Files) -> Result<Files, ManagementError>,
) -> Result<Changed, ApiError> {
    let _one_at_a_time = app.changing().await;
    let history = app.history()?;
    let Current { revision, files } = current(app).await?;
    let edited = edit(&files)?;
    let (compiled, difference) = (checked(edited.clone()).await?, difference(&files, &edited));
    let version = compiled.program.version().to_owned();
    let running = app.flags().running();
    let shown = preview(running.compiled(), &compiled, &[]);
    let warnings = render_json(&compiled.warnings.diagnostics, &compiled.warnings.sources);
    let mut changed = Changed {
        revision: None,
        version: version.clone(),
        difference,
        preview: shown,
        warnings,
    };
    if by.preview || edited == files {
        return Ok(changed);
    }
    // Noted before it is done: what was done is never missing.
    let entry = audited(app, request, &by, action);
    history.audit(entry).await.map_err(ManagementError::from)?;
    let new = NewRevision {
        author: by.author,
        reason: by.reason,
        version: version.clone(),
        files: edited,
    };
    let made = history
        .commit(revision, new)
        .await
        .map_err(ManagementError::from)?;
    log::info!("revision {} of the rules was made: {version}", made.id);
    in_effect(app, &version, made.id).await?;
    changed.revision = Some(made);
    Ok(changed)
}

/// The files as they are; where no revision was ever made, those that the server was started with.
pub(super) async fn current(app: &App) -> Result<Current, ManagementError> {
    let current = app.history()?.current().await?;
    if current.revision.is_none() && current.files.is_empty() {
        let running = app.flags().running();
        let sources = running.compiled().rules.as_ref().map(|rules| &rules.sources);
        let files = sources.into_iter().flat_map(Sources::iter);
        let files = files.map(|source| (source.path().to_owned(), source.text().to_owned()));
        return Ok(Current {
            revision: None,
            files: files.collect(),
        });
    }
    Ok(current)
}

/// Files that can run and whose tests pass.
pub(super) async fn checked(files: Files) -> Result<Compiled, ManagementError> {
    let checking = tokio::task::spawn_blocking(move || {
        let compiled = Compiled::new(&sources_of(&files)).map_err(refused)?;
        if let Some(rules) = &compiled.rules {
            let report = run(rules, &compiled.program, now_ms(), &Selection::default());
            let report = report.map_err(|error| ManagementError::Unusable(error.to_string()))?;
            if !report.is_good() {
                return Err(ManagementError::Failing {
                    failed: report.failed,
                    report: json!(report),
                });
            }
        }
        Ok(compiled)
    });
    let ended = checking.await;
    ended.unwrap_or_else(|_| Err(ManagementError::Unusable("the compiler broke".to_owned())))
}

fn refused(error: RulesError) -> ManagementError {
    match error {
        RulesError::Wrong(findings) => ManagementError::Wrong {
            errors: findings.count(),
            diagnostics: render_json(&findings.diagnostics, &findings.sources),
        },
        other => ManagementError::Unusable(other.render(false)),
    }
}

/// Waits until the rules of this version decide here.
async fn in_effect(app: &App, version: &str, revision: i64) -> Result<(), ManagementError> {
    let mut changes = app.flags().changes();
    let waiting = async {
        while app.flags().running().version() != version {
            if changes.changed().await.is_err() {
                return;
            }
        }
    };
    tokio::time::timeout(EFFECT_WITHIN, waiting)
        .await
        .map_err(|_| ManagementError::NotInEffect(revision))
}

fn audited(app: &App, request: &HttpRequest, by: &By, action: String) -> Audited {
    let token = auth::token(request.headers()).filter(|_| app.asks_for_tokens());
    Audited {
        at: jiff::Timestamp::now().to_string(),
        token: token.map_or_else(|| "anyone".to_owned(), fingerprint),
        author: by.author.clone(),
        action,
        reason: by.reason.clone(),
    }
}

/// Every file that differs, as `diff -u` writes it.
pub(super) fn difference(before: &Files, after: &Files) -> String {
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let mut text = String::new();
    for name in names {
        let (old, new) = (before.get(name), after.get(name));
        if old != new {
            let shown = |side: &str, file: Option<&String>| match file {
                Some(_) => format!("{side}/{name}"),
                None => "/dev/null".to_owned(),
            };
            let empty = String::new();
            let diff = TextDiff::from_lines(old.unwrap_or(&empty), new.unwrap_or(&empty));
            text += &diff
                .unified_diff()
                .header(&shown("a", old), &shown("b", new))
                .to_string();
        }
    }
    text
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
