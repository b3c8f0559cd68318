//! How a command on the migration that was not done is answered: its status, a code, a sentence, and the gates.

use actix_web::http::StatusCode;
use serde_json::{Value, json};

use super::jobs::Failure;
use crate::databases::with_causes;
use crate::migration::MigrationError;

/// Whether it may be given again as it is, or something has to be done first.
pub(in crate::http) fn status(error: &MigrationError) -> StatusCode {
    match error {
        MigrationError::WrongStage { .. }
        | MigrationError::Refused(_)
        | MigrationError::NotReady(_)
        | MigrationError::Preflight(_)
        | MigrationError::NotCaptured { .. }
        | MigrationError::OtherTransport { .. }
        | MigrationError::NotAlone => StatusCode::CONFLICT,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Stable, for programs.
pub(in crate::http) fn code(error: &MigrationError) -> &'static str {
    match error {
        MigrationError::WrongStage { .. } => "WRONG_STAGE",
        MigrationError::Refused(_) | MigrationError::NotReady(_) => "GATES_CLOSED",
        MigrationError::Preflight(_) => "PREFLIGHT",
        MigrationError::OtherTransport { .. } => "OTHER_TRANSPORT",
        MigrationError::NotCaptured { .. } => "NOT_CAPTURED",
        MigrationError::NotAlone => "UNDER_WAY",
        MigrationError::Unacknowledged { .. } => "UNACKNOWLEDGED",
        MigrationError::Busy { .. } => "TABLES_BUSY",
        MigrationError::NotDrained { .. } => "NOT_DRAINED",
        MigrationError::Undecided { .. } => "UNDECIDED",
        MigrationError::SessionsLeft { .. } => "SESSIONS_LEFT",
        MigrationError::Report(_) => "REPORT_NOT_WRITTEN",
        _ => "DATABASE_UNAVAILABLE",
    }
}

/// A sentence, with what caused it: it is told to admins only.
pub(in crate::http) fn message(error: &MigrationError) -> String {
    match error {
        MigrationError::Refused(gates) => {
            format!("{} cannot become the primary yet; nothing has happened", gates.to)
        }
        MigrationError::Preflight(_) => "something stands in the way; nothing has happened".to_owned(),
        error => with_causes(error),
    }
}

/// What a program or a person needs to mend it: the gates, or what the preflight found.
pub(in crate::http) fn details(error: &MigrationError) -> Value {
    match error {
        MigrationError::Refused(gates) => json!(gates.gates),
        MigrationError::NotReady(obstacles) => json!(obstacles),
        MigrationError::Preflight(report) => json!(report),
        _ => Value::Null,
    }
}

impl From<MigrationError> for Failure {
    fn from(error: MigrationError) -> Self {
        Self {
            message: message(&error),
            details: details(&error),
        }
    }
}
