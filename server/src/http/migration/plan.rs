//! What a command would do, and what keeps it from being done: looked at, with nothing changed.

use std::time::{SystemTime, UNIX_EPOCH};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::super::error::ApiError;
use super::super::state::App;
use super::order::Order;
use crate::databases::Side;
use crate::migration::preflight::{PreflightOptions, Verdict, preflight};
use crate::migration::{
    CompleteOptions, MigrationError, Operator, Rules, TurnOptions, explain, gates, obstacles,
};
use crate::routing::Crossfade;
use crate::sync::Stage;

/// What a command would do.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Plan {
    /// The command.
    command: &'static str,
    /// Whether nothing is in the way.
    open: bool,
    /// What must be so: each with its name, verdict (`open`, `warn`, `closed`), what was measured, and the way out.
    gates: Value,
    /// What would be done, in words and SQL.
    steps: String,
}

/// A command on the migration as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Command {
    Start,
    Pause,
    Resume,
    Switch,
    Rollback,
    Complete,
    Abort,
}

impl Command {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Switch => "switch",
            Self::Rollback => "rollback",
            Self::Complete => "complete",
            Self::Abort => "abort",
        }
    }

    /// The stages in which it makes sense.
    fn stages(self) -> &'static [Stage] {
        match self {
            Self::Start | Self::Abort => &[Stage::Idle, Stage::Syncing],
            Self::Pause | Self::Resume => &[Stage::Syncing, Stage::Switched],
            Self::Switch => &[Stage::Syncing],
            Self::Rollback | Self::Complete => &[Stage::Switched],
        }
    }

    /// Refuses it at another stage.
    pub(super) fn fits(self, stage: Stage) -> Result<(), MigrationError> {
        if self.stages().contains(&stage) {
            return Ok(());
        }
        let wanted = match self {
            Self::Start | Self::Abort => "idle or syncing",
            Self::Pause | Self::Resume => "syncing or switched",
            Self::Switch => "syncing",
            Self::Rollback | Self::Complete => "switched",
        };
        Err(MigrationError::WrongStage { stage, wanted })
    }

    async fn steps(self, crossfade: &Crossfade) -> Result<String, MigrationError> {
        let databases = crossfade.databases();
        Ok(match self {
            Self::Start => explain::start(databases, None),
            Self::Pause => explain::PAUSE.to_owned(),
            Self::Resume => explain::RESUME.to_owned(),
            Self::Switch => explain::turn(databases, Side::New).await?,
            Self::Rollback => explain::turn(databases, Side::Old).await?,
            Self::Complete => explain::COMPLETE.to_owned(),
            Self::Abort => explain::ABORT.to_owned(),
        })
    }
}

/// Looks at everything that must be so.
pub(super) async fn plan(
    app: &App,
    command: Command,
    order: &Order,
    operator: &Operator,
) -> Result<Plan, ApiError> {
    let crossfade = app.crossfade().ok_or(ApiError::NoDatabases)?;
    let stage = crossfade.stage();
    let fits = command.stages().contains(&stage);
    let mut found = vec![of_stage(command, stage, fits)];
    if fits {
        found.extend(of_command(app, command, order, operator).await?);
    }
    Ok(Plan {
        command: command.name(),
        open: found.iter().all(|gate| gate["verdict"] != "closed"),
        gates: found.into(),
        steps: command.steps(crossfade).await?,
    })
}

async fn of_command(
    app: &App,
    command: Command,
    order: &Order,
    operator: &Operator,
) -> Result<Vec<Value>, ApiError> {
    let crossfade = app.crossfade().ok_or(ApiError::NoDatabases)?;
    Ok(match command {
        Command::Start if crossfade.stage() == Stage::Idle => before_start(crossfade).await?,
        Command::Switch => of_turn(operator, Side::New, &proved(app, order.turn()).await?).await?,
        Command::Rollback => of_turn(operator, Side::Old, &order.turn()).await?,
        Command::Complete => before_the_end(operator, &order.end()).await?,
        Command::Start | Command::Pause | Command::Resume | Command::Abort => Vec::new(),
    })
}

fn of_stage(command: Command, stage: Stage, fits: bool) -> Value {
    let wanted: Vec<&str> = command.stages().iter().map(|stage| stage.name()).collect();
    let way_out = format!(
        "`{}` is for a migration that is {}",
        command.name(),
        wanted.join(" or ")
    );
    json!({
        "name": "stage",
        "verdict": if fits { "open" } else { "closed" },
        "evidence": format!("the migration is {stage}"),
        "way_out": (!fits).then_some(way_out),
    })
}

async fn of_turn(operator: &Operator, to: Side, options: &TurnOptions) -> Result<Vec<Value>, MigrationError> {
    let gates = gates(operator, to, options).await?;
    Ok(gates.gates.iter().map(|gate| json!(gate)).collect())
}

async fn before_start(crossfade: &Crossfade) -> Result<Vec<Value>, ApiError> {
    let report = preflight(crossfade.databases(), PreflightOptions::default()).await?;
    let gate = |name: &str, verdict, evidence: &str, way_out: Option<String>| {
        let verdict = match verdict {
            Verdict::Pass => "open",
            Verdict::Warn => "warn",
            Verdict::Block => "closed",
        };
        json!({ "name": name, "verdict": verdict, "evidence": evidence, "way_out": way_out })
    };
    let of_check = report.checks.iter().flat_map(|check| {
        let passed = check
            .findings
            .is_empty()
            .then(|| gate(check.name, check.verdict, &check.evidence, None));
        let found = check.findings.iter().map(|finding| {
            let mend = finding.mend.as_ref();
            let way_out = mend.map(|mend| format!("in {}: {}", mend.side, mend.statements.join("; ")));
            gate(check.name, finding.verdict, &finding.evidence, way_out)
        });
        passed.into_iter().chain(found).collect::<Vec<_>>()
    });
    Ok(of_check.collect())
}

async fn before_the_end(
    operator: &Operator,
    options: &CompleteOptions,
) -> Result<Vec<Value>, MigrationError> {
    let obstacles = obstacles(operator, options).await?;
    if obstacles.is_empty() {
        return Ok(vec![json!({
            "name": "old", "verdict": "open", "way_out": null,
            "evidence": "found equal since the switch, with nothing left to be mirrored",
        })]);
    }
    let closed = obstacles.iter().map(|obstacle| {
        let (evidence, way_out) = obstacle.split_once(": ").unwrap_or((obstacle, ""));
        json!({ "name": "old", "verdict": "closed", "evidence": evidence, "way_out": way_out })
    });
    Ok(closed.collect())
}

/// With what can be proved of the running rules.
pub(super) async fn proved(app: &App, options: TurnOptions) -> Result<TurnOptions, ApiError> {
    let running = app.flags().running();
    let proving = tokio::task::spawn_blocking(move || {
        let compiled = running.compiled();
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now_ms = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        let rules = compiled.rules.as_ref()?;
        Rules::prove(compiled, rules, now_ms)
            .inspect_err(|error| log::error!("nothing can be proved of the rules: {error}"))
            .ok()
    });
    let rules = proving.await.map_err(|_| ApiError::Unavailable)?;
    Ok(TurnOptions { rules, ..options })
}
