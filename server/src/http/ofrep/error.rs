//! OFREP's own errors.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use serde_json::{Value, json};

use super::super::error::ApiError;
use crate::flags::FlagError;

/// An evaluation that failed: of one flag, where it has a key, or of all.
#[derive(Debug, thiserror::Error)]
#[error("{details}")]
pub struct OfrepError {
    status: StatusCode,
    code: &'static str,
    key: Option<String>,
    details: String,
}

impl OfrepError {
    /// A body that is not an evaluation request.
    pub(super) fn body(key: Option<&str>, error: &serde_json::Error) -> Self {
        let (code, details) = if error.is_data() {
            (
                "INVALID_CONTEXT",
                format!("the body is not {{\"context\": {{…}}}}: {error}"),
            )
        } else {
            ("PARSE_ERROR", format!("the body is not JSON: {error}"))
        };
        Self {
            status: StatusCode::BAD_REQUEST,
            code,
            key: key.map(str::to_owned),
            details,
        }
    }

    /// A request that has no answer.
    pub(super) fn flag(key: Option<&str>, error: &FlagError) -> Self {
        let (status, code) = match error {
            FlagError::NotFound(_) => (StatusCode::NOT_FOUND, "FLAG_NOT_FOUND"),
            FlagError::Unavailable => (StatusCode::INTERNAL_SERVER_ERROR, "GENERAL"),
        };
        Self {
            status,
            code,
            key: key.map(str::to_owned),
            details: error.to_string(),
        }
    }

    /// A decision that could not be made.
    pub(super) fn fault(key: &str) -> Self {
        let details = "the evaluation failed".to_owned();
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: "GENERAL",
            key: Some(key.to_owned()),
            details,
        }
    }

    fn json(&self) -> Value {
        let mut body = json!({ "errorCode": self.code, "errorDetails": self.details });
        if let Some(key) = &self.key {
            body["key"] = Value::from(key.as_str());
        }
        body
    }
}

/// What happens before a request is known to be one of OFREP's.
impl From<ApiError> for OfrepError {
    fn from(error: ApiError) -> Self {
        Self {
            status: error.status_code(),
            code: "GENERAL",
            key: None,
            details: error.to_string(),
        }
    }
}

impl ResponseError for OfrepError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status).json(self.json())
    }
}
