//! `/api/v1/tokens`: who may ask, where tokens are kept in a file.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Path, Payload, ThinData};
use schemars::JsonSchema;
use serde::Deserialize;

use super::body;
use super::error::ApiError;
use super::state::App;
use crate::config::{Role, TokenFileError};

/// A token to be made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// `evaluate`, `data` or `admin`; each includes those before it.
    role: String,
    /// What it is for.
    #[serde(default)]
    name: String,
    /// When it ends, in RFC 3339; never unless said.
    expires: Option<String>,
}

/// Why nothing was done about a token.
#[derive(Debug, thiserror::Error)]
pub enum TokensError {
    /// The server follows no file.
    #[error("this server keeps no tokens: start it with --tokens-file")]
    NoFile,
    /// The body is not what this takes.
    #[error("{0}")]
    Body(&'static str),
    /// The file cannot be read or written, or has no such token.
    #[error(transparent)]
    File(#[from] TokenFileError),
}

impl TokensError {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::NoFile => StatusCode::CONFLICT,
            Self::Body(_) | Self::File(TokenFileError::Name) => StatusCode::BAD_REQUEST,
            Self::File(TokenFileError::Unknown(_)) => StatusCode::NOT_FOUND,
            Self::File(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::NoFile => "NO_TOKEN_FILE",
            Self::Body(_) | Self::File(TokenFileError::Name) => "INVALID_BODY",
            Self::File(TokenFileError::Unknown(_)) => "NOT_FOUND",
            Self::File(_) => "TOKENS_UNAVAILABLE",
        }
    }
}

/// `GET /api/v1/tokens`
pub(super) async fn list(app: ThinData<App>) -> Result<HttpResponse, ApiError> {
    let known = app.token_file()?.list().map_err(TokensError::from)?;
    Ok(HttpResponse::Ok().json(known))
}

/// `POST /api/v1/tokens`
pub(super) async fn create(app: ThinData<App>, payload: Payload) -> Result<HttpResponse, ApiError> {
    let wanted: Wanted = body::json(payload, app.config()).await?;
    let role = wanted.role.parse::<Role>();
    let role = role.map_err(|_| TokensError::Body("a token's role is evaluate, data or admin"))?;
    let expires = wanted.expires.map(|at| at.parse::<jiff::Timestamp>()).transpose();
    let expires =
        expires.map_err(|_| TokensError::Body("`expires` is no time such as 2027-01-31T00:00:00Z"))?;
    let made = app.token_file()?.create(role, &wanted.name, expires);
    let made = made.map_err(TokensError::from)?;
    app.read_tokens();
    Ok(HttpResponse::Created().json(made))
}

/// `DELETE /api/v1/tokens/{token}`
pub(super) async fn revoke(app: ThinData<App>, id: Path<String>) -> Result<HttpResponse, ApiError> {
    let revoked = app.token_file()?.revoke(&id).map_err(TokensError::from)?;
    app.read_tokens();
    Ok(HttpResponse::Ok().json(revoked))
}
