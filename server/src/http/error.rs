//! How a request that fails is answered: the client sees a stable code and a sentence, the log sees the cause.
//!
//! OFREP's routes answer in the protocol's shape, all others in PostgREST's.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde_json::{Value, json};

use super::data::database_error::Refusal;
use super::data::error::DataError;
use super::management::ManagementError;
use super::migration::jobs::UnderWay;
use super::migration::refusal;
use super::tokens::TokensError;
use crate::catalog::CatalogError;
use crate::config::Role;
use crate::databases::DatabaseError;
use crate::flags::ContextError;
use crate::migration::MigrationError;
use crate::migration::preflight::PreflightError;
use crate::sync::InvalidPosition;

/// Everything that a handler may answer instead of what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// No token, or none that is known.
    #[error("this needs a bearer token")]
    Unauthorized,
    /// A token of a lesser role.
    #[error("this needs the role {needed}; the token has {granted}")]
    Forbidden {
        /// What is needed.
        needed: Role,
        /// What there is.
        granted: Role,
    },
    /// No such route.
    #[error("there is nothing at {0}")]
    NoRoute(String),
    /// A route, but not by this method.
    #[error("{0} is not possible here")]
    NoMethod(String),
    /// The body is larger than allowed.
    #[error("the body has more than the {0} bytes allowed")]
    TooLarge(usize),
    /// The body did not come in time.
    #[error("the body did not arrive in time")]
    TooSlow,
    /// The client has sent more requests than the operator allows one client.
    #[error("too many requests: wait a second")]
    TooManyRequests,
    /// The body could not be read to its end.
    #[error("the body could not be read")]
    BrokenBody,
    /// The request's context cannot be read.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// The management API refused it.
    #[error(transparent)]
    Management(#[from] ManagementError),
    /// The databases could not be looked at.
    #[error("the databases could not be looked at")]
    Preflight(#[source] PreflightError),
    /// Other long work is under way.
    #[error(transparent)]
    UnderWay(#[from] UnderWay),
    /// A command on the migration was not done.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// A page of another origin asks a server that asks nobody for a token.
    #[error("this server asks nobody for a token, so that pages of other origins may not use it")]
    OtherOrigin,
    /// Nothing was done about a token.
    #[error(transparent)]
    Tokens(#[from] TokensError),
    /// The URL's query or path is not what the operation takes.
    #[error("the URL is not what this takes: {0}")]
    Url(String),
    /// `/data` refused it.
    #[error(transparent)]
    Data(#[from] DataError),
    /// `Crossfade-Position` is none.
    #[error(transparent)]
    Position(#[from] InvalidPosition),
    /// A server without databases was asked for rows.
    #[error("this server has no databases, it only answers flags")]
    NoDatabases,
    /// The database that had to answer cannot be reached; nothing was done.
    #[error("Database connection error. Retrying the connection.")]
    Unreachable(#[source] DatabaseError),
    /// The database was lost during a commit.
    #[error(
        "the connection was lost while the write was being committed, so it may or may not have been done"
    )]
    Uncertain(#[source] DatabaseError),
    /// The database refused a statement, or was lost during one.
    #[error("the statement failed")]
    Statement(#[source] diesel::result::Error),
    /// The catalog could not be read.
    #[error("the catalog could not be read")]
    Catalog(#[source] CatalogError),
    /// Something that this answer needs is not there.
    #[error("the server cannot answer this now")]
    Unavailable,
}

impl ApiError {
    fn status(&self) -> StatusCode {
        match self {
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden { .. } | Self::OtherOrigin => StatusCode::FORBIDDEN,
            Self::NoRoute(_) | Self::NoDatabases => StatusCode::NOT_FOUND,
            Self::NoMethod(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Preflight(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::UnderWay(_) => StatusCode::CONFLICT,
            Self::Management(error) => error.status(),
            Self::Migration(error) => refusal::status(error),
            Self::Tokens(error) => error.status(),
            Self::Url(_) => StatusCode::BAD_REQUEST,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::BrokenBody | Self::Context(_) | Self::Position(_) => StatusCode::BAD_REQUEST,
            Self::Data(error) => error.status(),
            Self::Unreachable(_) | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Statement(error) => match Refusal::new(error) {
                Some(refusal) => refusal.status,
                None => StatusCode::SERVICE_UNAVAILABLE,
            },
            // Not 503, after which clients try again: what they ask for may have been done.
            Self::Uncertain(_) | Self::Catalog(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unauthorized => "UNAUTHORIZED",
            Self::Forbidden { .. } => "FORBIDDEN",
            Self::OtherOrigin => "OTHER_ORIGIN",
            Self::NoRoute(_) => "PGRST125",
            Self::NoMethod(_) => "PGRST117",
            Self::NoDatabases => "NO_DATABASES",
            Self::TooLarge(_) => "BODY_TOO_LARGE",
            Self::Preflight(_) => "DATABASE_UNAVAILABLE",
            Self::UnderWay(_) => "UNDER_WAY",
            Self::Management(error) => error.code(),
            Self::Migration(error) => refusal::code(error),
            Self::Tokens(error) => error.code(),
            Self::Url(_) => "INVALID_URL",
            Self::TooSlow => "BODY_TOO_SLOW",
            Self::TooManyRequests => "TOO_MANY_REQUESTS",
            Self::BrokenBody => "PGRST102",
            Self::Context(_) => "INVALID_CONTEXT",
            Self::Position(_) => "INVALID_POSITION",
            Self::Data(error) => error.code(),
            Self::Unreachable(_) | Self::Statement(_) => "PGRST000",
            // SQLSTATE transaction_resolution_unknown.
            Self::Uncertain(_) => "08007",
            Self::Catalog(_) => "PGRST002",
            Self::Unavailable => "UNAVAILABLE",
        }
    }

    fn body(&self) -> Value {
        if let Self::Statement(error) = self
            && let Some(refusal) = Refusal::new(error)
        {
            let Refusal {
                code,
                message,
                details,
                hint,
                ..
            } = refusal;
            return json!({ "code": code, "message": message, "details": details, "hint": hint });
        }
        if let Self::Management(error) = self {
            return json!({
                "code": error.code(), "message": error.to_string(), "details": error.details(), "hint": null,
            });
        }
        if let Self::Migration(error) = self {
            return json!({
                "code": refusal::code(error), "message": refusal::message(error), "details": refusal::details(error),
                "hint": null,
            });
        }
        let (details, hint) = match self {
            Self::Data(error) => (error.details(), error.hint()),
            _ => (None, None),
        };
        json!({ "code": self.code(), "message": self.to_string(), "details": details, "hint": hint })
    }
}

impl From<CatalogError> for ApiError {
    fn from(error: CatalogError) -> Self {
        match error {
            CatalogError::UnknownTable { schema, name, .. } => {
                DataError::UnknownTable { schema, table: name }.into()
            }
            CatalogError::Database(error) => Self::Unreachable(error),
            error @ CatalogError::Unreadable { .. } => Self::Catalog(error),
        }
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status());
        if matches!(self, Self::Unauthorized) {
            response.insert_header((WWW_AUTHENTICATE, "Bearer"));
        }
        if matches!(self, Self::TooManyRequests) {
            response.insert_header((RETRY_AFTER, "1"));
        }
        if matches!(self, Self::TooSlow | Self::TooLarge(_)) {
            // Whatever else of the body is still to come, nobody reads it.
            response.force_close();
        }
        response
            .insert_header((CONTENT_TYPE, "application/json"))
            .body(self.body().to_string())
    }
}

/// An error with all that caused it, on one line.
pub(super) struct WithCauses<'e>(pub(super) &'e (dyn std::error::Error + 'e));

impl std::fmt::Display for WithCauses<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(inner) = cause {
            write!(formatter, ": {inner}")?;
            cause = inner.source();
        }
        Ok(())
    }
}
