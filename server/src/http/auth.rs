//! Who may ask: bearer tokens, checked before anything else of a request is looked at.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use actix_web::middleware::Next;
use actix_web::{Error, web};

use super::error::ApiError;
use super::state::App;
use crate::config::Role;

/// For routes that ask for decisions.
pub(super) async fn evaluate(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    require(Role::Evaluate, &request)?;
    next.call(request).await
}

/// For routes that read and write rows.
pub(super) async fn data(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    require(Role::Data, &request)?;
    next.call(request).await
}

fn require(role: Role, request: &ServiceRequest) -> Result<(), ApiError> {
    let app = request
        .app_data::<web::ThinData<App>>()
        .ok_or(ApiError::Unavailable)?;
    match app.role_of(token(request.headers())) {
        Some(granted) if granted >= role => Ok(()),
        Some(granted) => Err(ApiError::Forbidden {
            needed: role,
            granted,
        }),
        None => Err(ApiError::Unauthorized),
    }
}

/// `Authorization: Bearer …`, or `X-API-Key: …`, or PostgREST clients' `apikey: …`.
pub(super) fn token(headers: &HeaderMap) -> Option<&str> {
    let bearer = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
        });
    let key = |name| headers.get(name).and_then(|value| value.to_str().ok());
    bearer.or_else(|| key("x-api-key")).or_else(|| key("apikey"))
}
