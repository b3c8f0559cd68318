//! Who may ask: bearer tokens, checked before anything else of a request is looked at.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use actix_web::middleware::Next;
use actix_web::{Error, web};

use super::error::ApiError;
use super::state::App;
use crate::config::Role;

/// For routes that ask for decisions.
pub(super) async fn evaluate<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    admit(Role::Evaluate, request, next).await
}

/// For routes that read and write rows.
pub(super) async fn data<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    admit(Role::Data, request, next).await
}

/// For routes that change rules, carry the migration, or show how it goes.
pub(super) async fn admin<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    admit(Role::Admin, request, next).await
}

/// A refusal is an answer like others, so that what is done about every request is done about it too.
async fn admit<B: MessageBody>(
    role: Role,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    match require(role, &request) {
        Ok(()) => Ok(next.call(request).await?.map_into_left_body()),
        Err(refusal) => Ok(request.error_response(refusal).map_into_right_body()),
    }
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
