//! The commands that lead a migration from stage to stage: what `crossfade migrate` does, on behalf of whoever asks.
//!
//! Each takes an [`Order`]. With `dry_run` it is answered by a [`Plan`](super::plan::Plan); else, where a gate is closed, by 409 with the gates,
//! and where none is by the job that was begun, which goes on whether or not whoever asked for it stays.

use std::path::Path;

use actix_web::web::{Payload, ThinData};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::{Value, json};

use super::super::body;
use super::super::error::ApiError;
use super::super::state::App;
use super::jobs::{Failure, Teller};
use super::order::Order;
use super::plan::{Command, plan, proved};
use crate::databases::Side;
use crate::migration::{
    self, CompleteOptions, MigrationError, Operator, Progress, Report, TurnOptions, gates, obstacles,
};

/// `POST /api/v1/migration/start`: captures changes of old and copies its rows; goes on where it was interrupted.
pub(in crate::http) async fn start(
    app: ThinData<App>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    obey(&app, &request, payload, Command::Start).await
}

/// `POST /api/v1/migration/pause`: holds the mirrors that nobody waits for.
pub(in crate::http) async fn pause(
    app: ThinData<App>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    obey(&app, &request, payload, Command::Pause).await
}

/// `POST /api/v1/migration/resume`: lets them go on.
pub(in crate::http) async fn resume(
    app: ThinData<App>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    obey(&app, &request, payload, Command::Resume).await
}

/// `POST /api/v1/migration/switch`: makes new the primary, if what runs here is proved to send everybody there.
pub(in crate::http) async fn switch(
    app: ThinData<App>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    obey(&app, &request, payload, Command::Switch).await
}

/// `POST /api/v1/migration/rollback`: makes old the primary again.
pub(in crate::http) async fn rollback(
    app: ThinData<App>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    obey(&app, &request, payload, Command::Rollback).await
}

/// `POST /api/v1/migration/complete`: retires old. The report is the job's result.
pub(in crate::http) async fn complete(
    app: ThinData<App>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    obey(&app, &request, payload, Command::Complete).await
}

/// `POST /api/v1/migration/abort`: ends the migration before the switch.
pub(in crate::http) async fn abort(
    app: ThinData<App>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    obey(&app, &request, payload, Command::Abort).await
}

async fn obey(
    app: &App,
    request: &HttpRequest,
    payload: Payload,
    command: Command,
) -> Result<HttpResponse, ApiError> {
    let order: Order = body::json(payload, app.config()).await?;
    let operator = order.operator(app, request)?;
    if order.dry_run {
        let plan = plan(app, command, &order, &operator).await?;
        return Ok(HttpResponse::Ok().json(plan));
    }
    if let Some(job) = app.jobs().current().filter(super::jobs::Job::is_running) {
        return Err(job.under_way().into());
    }
    let turn = may_turn(app, command, &order, &operator).await?;
    order.audit(app, request, command.name()).await?;
    let work = Work {
        app: app.clone(),
        operator,
        turn,
        end: order.end(),
    };
    let job = app
        .jobs()
        .start(command.name(), &order.who(app, request), |teller| async move {
            work.run(command, &teller).await.map_err(Failure::from)
        })?;
    Ok(HttpResponse::Accepted().json(job))
}

/// Looks at the gates, so that a refusal is an answer and no job. They are looked at once more by the command itself.
async fn may_turn(
    app: &App,
    command: Command,
    order: &Order,
    operator: &Operator,
) -> Result<TurnOptions, ApiError> {
    let mut options = order.turn();
    let stage = migration::status(app.crossfade().ok_or(ApiError::NoDatabases)?.databases())
        .await?
        .state
        .stage;
    command.fits(stage)?;
    match command {
        Command::Switch | Command::Rollback => {
            let to = if command == Command::Switch {
                Side::New
            } else {
                Side::Old
            };
            if to == Side::New {
                options = proved(app, options).await?;
            }
            let found = gates(operator, to, &options).await?;
            if !found.are_open() {
                return Err(MigrationError::Refused(found).into());
            }
        }
        Command::Complete => {
            let found = obstacles(operator, &order.end()).await?;
            if !found.is_empty() {
                return Err(MigrationError::NotReady(found).into());
            }
        }
        Command::Start | Command::Pause | Command::Resume | Command::Abort => {}
    }
    Ok(options)
}

/// What a command needs beside the connection that asked for it.
struct Work {
    app: App,
    operator: Operator,
    turn: TurnOptions,
    end: CompleteOptions,
}

impl Work {
    async fn run(self, command: Command, teller: &Teller) -> Result<Value, MigrationError> {
        let operator = &self.operator;
        let mut tell = |progress: &Progress| teller.tell(&Told::from(progress));
        Ok(match command {
            Command::Start => json!(migration::start(operator, &mut tell).await?),
            Command::Pause => {
                migration::pause(operator).await?;
                json!({ "paused": true })
            }
            Command::Resume => {
                migration::resume(operator).await?;
                json!({ "paused": false })
            }
            Command::Switch => json!(migration::switch(operator, &self.turn, &mut tell).await?),
            Command::Rollback => json!(migration::rollback(operator, &self.turn, &mut tell).await?),
            Command::Complete => {
                let folder = self.report_folder();
                let mut keep = |report: &Report| keep(folder.as_deref(), report);
                let completed = migration::complete(operator, &self.end, &mut keep, &mut tell).await?;
                let markdown = completed.report.as_ref().map(Report::to_markdown);
                json!({ "before": completed.before, "report": completed.report, "markdown": markdown })
            }
            Command::Abort => {
                migration::abort(operator, &mut tell).await?;
                json!({ "aborted": true })
            }
        })
    }

    /// Beside the rules' history, where there is a folder.
    fn report_folder(&self) -> Option<std::path::PathBuf> {
        let rules = &self.app.config().rules;
        rules.is_dir().then(|| rules.join(".crossfade"))
    }
}

/// The report outlives what it tells of: in files where there is a folder for them, else in the log.
fn keep(folder: Option<&Path>, report: &Report) -> std::io::Result<()> {
    let Some(folder) = folder else {
        log::info!("the story of the migration:\n{}", report.to_markdown());
        return Ok(());
    };
    std::fs::create_dir_all(folder)?;
    std::fs::write(
        folder.join("migration-report.json"),
        serde_json::to_string_pretty(report)?,
    )?;
    std::fs::write(folder.join("migration-report.md"), report.to_markdown())
}

/// Progress, with the sentence that a person reads.
#[derive(Serialize)]
struct Told<'p> {
    #[serde(flatten)]
    progress: &'p Progress,
    says: String,
}

impl<'p> From<&'p Progress> for Told<'p> {
    fn from(progress: &'p Progress) -> Self {
        Self {
            progress,
            says: progress.to_string(),
        }
    }
}
