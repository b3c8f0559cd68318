//! Why rules could not be read or changed.

use actix_web::http::StatusCode;
use serde_json::Value;

use crate::flags::HistoryError;
use crossfade_evaluator::rules::EditError;

/// What the management API answers instead of what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ManagementError {
    /// There is no such feature or segment.
    #[error("there is no {what} `{name}`")]
    Unknown {
        /// `feature` or `segment`.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// The body is not what the operation takes.
    #[error("the body is not what this takes: {0}")]
    Body(String),
    /// A name or path that rules cannot have.
    #[error("`{0}` cannot be the name of a file of rules")]
    Name(String),
    /// The document's feature is another than the URL's.
    #[error("the document is of the feature `{found}`, and the URL of `{asked}`")]
    OtherFeature {
        /// The URL's.
        asked: String,
        /// The document's.
        found: String,
    },
    /// What is to be replaced was not named.
    #[error("say which document this replaces: If-Match with its ETag, or If-None-Match: * for a new one")]
    NoPrecondition,
    /// It is another than the one named.
    #[error("the document has been changed meanwhile; read it again")]
    Precondition,
    /// The part cannot be changed.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The new rules are wrong.
    #[error("the rules would have {errors}")]
    Wrong {
        /// How many.
        errors: String,
        /// Each, as `crossfade check --format json` tells it.
        diagnostics: Value,
    },
    /// Tests in the files would fail.
    #[error("{failed} of the tests in the files would fail")]
    Failing {
        /// How many.
        failed: usize,
        /// All of them, as `crossfade test --format json` tells them.
        report: Value,
    },
    /// Rules that cannot run for another reason.
    #[error("the rules cannot be used: {0}")]
    Unusable(String),
    /// The history cannot be read or written.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The change was made, and does not decide yet.
    #[error("revision {0} was made, and is not in effect yet")]
    NotInEffect(i64),
}

impl ManagementError {
    pub(in crate::http) fn status(&self) -> StatusCode {
        match self {
            Self::Unknown { .. } | Self::History(HistoryError::Unknown(_)) => StatusCode::NOT_FOUND,
            Self::Body(_) | Self::Name(_) | Self::OtherFeature { .. } => StatusCode::BAD_REQUEST,
            Self::NoPrecondition => StatusCode::PRECONDITION_REQUIRED,
            Self::Precondition => StatusCode::PRECONDITION_FAILED,
            Self::History(HistoryError::Conflict | HistoryError::Program) => StatusCode::CONFLICT,
            Self::Edit(_) | Self::Wrong { .. } | Self::Failing { .. } | Self::Unusable(_) => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::History(_) | Self::NotInEffect(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    pub(in crate::http) fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } | Self::History(HistoryError::Unknown(_)) => "NOT_FOUND",
            Self::Body(_) => "INVALID_BODY",
            Self::Name(_) => "INVALID_NAME",
            Self::OtherFeature { .. } => "OTHER_FEATURE",
            Self::NoPrecondition => "PRECONDITION_REQUIRED",
            Self::Precondition | Self::History(HistoryError::Conflict) => "CHANGED_MEANWHILE",
            Self::History(HistoryError::Program) => "BUILT_PROGRAM",
            Self::Edit(_) => "CANNOT_EDIT",
            Self::Wrong { .. } => "WRONG_RULES",
            Self::Failing { .. } => "FAILING_TESTS",
            Self::Unusable(_) => "UNUSABLE_RULES",
            Self::History(_) => "HISTORY_UNAVAILABLE",
            Self::NotInEffect(_) => "NOT_IN_EFFECT",
        }
    }

    /// What a program or a person needs to mend it.
    pub(in crate::http) fn details(&self) -> Option<&Value> {
        match self {
            Self::Wrong { diagnostics, .. } => Some(diagnostics),
            Self::Failing { report, .. } => Some(report),
            _ => None,
        }
    }
}
