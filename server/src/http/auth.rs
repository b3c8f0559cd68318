//! Who may ask: bearer tokens, checked before anything else of a request is looked at.

use std::net::IpAddr;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{AUTHORIZATION, HOST, HeaderMap, ORIGIN};
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
    if !app.asks_for_tokens() && is_of_another_origin(request.headers(), &app.config().cors_origins) {
        return Err(ApiError::OtherOrigin);
    }
    match app.role_of(token(request.headers())) {
        Some(granted) if granted >= role => Ok(()),
        Some(granted) => Err(ApiError::Forbidden {
            needed: role,
            granted,
        }),
        None => Err(ApiError::Unauthorized),
    }
}

/// Whether a browser asks on behalf of a page that is neither ours nor listed. Where nobody needs a token, any page that an
/// operator has open could act in their stead: by a plain form, or under a name of its own that leads to this address.
fn is_of_another_origin(headers: &HeaderMap, listed: &[String]) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(HOST).unwrap_or_default();
    let is_browser = headers.contains_key("sec-fetch-site") || headers.contains_key(ORIGIN);
    match text(ORIGIN) {
        Some(origin) if listed.iter().any(|one| one == origin) => false,
        Some(origin) => {
            let authority = origin
                .split_once("://")
                .map_or(origin, |(_, authority)| authority);
            authority != host || !is_loopback(host)
        }
        None => is_browser && (!is_loopback(host) || text_is_cross_site(headers)),
    }
}

fn text_is_cross_site(headers: &HeaderMap) -> bool {
    let site = headers
        .get("sec-fetch-site")
        .and_then(|value| value.to_str().ok());
    matches!(site, Some("cross-site" | "same-site"))
}

/// `localhost:8080`, `127.0.0.1:8080`, `[::1]:8080`: names that nobody else can let lead to us.
fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, port)| {
        if port.bytes().all(|byte| byte.is_ascii_digit()) {
            name
        } else {
            host
        }
    });
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || address.parse().is_ok_and(|address: IpAddr| address.is_loopback())
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

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn is_other(pairs: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        is_of_another_origin(&headers, &["https://shop.example".to_owned()])
    }

    #[test]
    fn programs_and_our_own_page_and_listed_pages_may_ask() {
        assert!(!is_other(&[("host", "10.0.0.7:8080")]), "no browser");
        for host in ["127.0.0.1:8080", "localhost:8080", "[::1]:8080"] {
            assert!(
                !is_other(&[("host", host), ("sec-fetch-site", "same-origin")]),
                "{host}"
            );
        }
        assert!(!is_other(&[
            ("host", "127.0.0.1:8080"),
            ("origin", "http://127.0.0.1:8080")
        ]));
        assert!(!is_other(&[
            ("host", "127.0.0.1:8080"),
            ("origin", "https://shop.example")
        ]));
        assert!(
            !is_other(&[("host", "127.0.0.1:8080"), ("sec-fetch-site", "none")]),
            "typed in"
        );
    }

    #[test]
    fn pages_of_others_may_not_even_under_a_name_that_leads_here() {
        assert!(is_other(&[
            ("host", "127.0.0.1:8080"),
            ("origin", "https://evil.example")
        ]));
        assert!(is_other(&[("host", "127.0.0.1:8080"), ("origin", "null")]));
        assert!(is_other(&[
            ("host", "127.0.0.1:8080"),
            ("sec-fetch-site", "cross-site")
        ]));
        assert!(is_other(&[
            ("host", "evil.example:8080"),
            ("origin", "http://evil.example:8080")
        ]));
        assert!(is_other(&[
            ("host", "evil.example:8080"),
            ("sec-fetch-site", "same-origin")
        ]));
        assert!(is_other(&[
            ("host", "127.0.0.1.evil.example"),
            ("origin", "http://127.0.0.1.evil.example")
        ]));
    }
}
