//! What is done about every request, whatever it asks: it gets an identifier, its answer the headers that keep browsers
//! from misusing it, and both a place in the metrics and, where it failed or debugging is on, in the log.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::{Error, web};

use super::error::WithCauses;
use super::metrics::Area;
use super::state::App;

/// By which a client, a proxy and our log speak of the same request.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest identifier that is taken over from a client.
const MOST_ID_BYTES: usize = 128;

/// Answers are data, never a page: nothing in them is to be run, shown in a frame, guessed at or kept.
const HEADERS: [(HeaderName, &str); 3] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    ),
    (CACHE_CONTROL, "no-store"),
];

/// Two years, as browsers' preload lists ask.
const HTTPS_ONLY: &str = "max-age=63072000";

/// Around every request.
pub(super) async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let began = Instant::now();
    let id = request_id(request.headers());
    let area = Area::of(request.path());
    let mut response = next.call(request).await?;
    let mut is_secure = false;
    if let Some(app) = response.request().app_data::<web::ThinData<App>>() {
        is_secure = app.config().is_secure();
        app.traffic()
            .answered_one(area, response.status(), began.elapsed());
    }
    log(&response, &id, began);
    let headers = response.headers_mut();
    for (name, value) in &HEADERS {
        if !headers.contains_key(name) {
            headers.insert(name.clone(), HeaderValue::from_static(value));
        }
    }
    if is_secure {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HTTPS_ONLY));
    }
    headers.insert(REQUEST_ID, id);
    Ok(response)
}

/// Failures with their causes; everything else only where debugging is on. No query and no body: they are the users'.
fn log(response: &ServiceResponse<impl MessageBody>, id: &HeaderValue, began: Instant) {
    let is_failure = response.status().is_server_error();
    if !is_failure && !log::log_enabled!(log::Level::Debug) {
        return;
    }
    let request = response.request();
    let (method, path, status) = (request.method(), request.path(), response.status().as_u16());
    let id = id.to_str().unwrap_or_default();
    let took_ms = began.elapsed().as_millis();
    match response.response().error() {
        Some(error) if is_failure => {
            // An error of ours says more than what the client was told.
            let cause = error.as_error::<super::ApiError>();
            let cause = cause.map_or_else(|| error.to_string(), |error| WithCauses(error).to_string());
            log::error!("{method} {path:?} failed with {status} after {took_ms} ms, request {id}: {cause}");
        }
        _ if is_failure => {
            log::error!("{method} {path:?} failed with {status} after {took_ms} ms, request {id}");
        }
        _ => log::debug!("{method} {path:?} answered {status} after {took_ms} ms, request {id}"),
    }
}

/// The client's own identifier, if it is one that a log line can hold, or a new one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let is_fit = |id: &&HeaderValue| {
        let bytes = id.as_bytes();
        (1..=MOST_ID_BYTES).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic)
    };
    headers
        .get(REQUEST_ID)
        .filter(is_fit)
        .cloned()
        .unwrap_or_else(new_id)
}

/// Sixteen hexadecimal digits that no other request of this process has, and hardly one of another.
fn new_id() -> HeaderValue {
    static FIRST: OnceLock<u64> = OnceLock::new();
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let first = FIRST.get_or_init(|| RandomState::new().build_hasher().finish());
    let number = first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
    HeaderValue::from_str(&format!("{number:016x}")).unwrap_or(HeaderValue::from_static("none"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_of(text: &str) -> HeaderValue {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, HeaderValue::from_str(text).unwrap());
        request_id(&headers)
    }

    #[test]
    fn a_client_s_identifier_is_taken_over_if_it_cannot_forge_a_log_line() {
        assert_eq!(id_of("abc-123"), "abc-123");
        for unfit in ["a b", "", &"x".repeat(MOST_ID_BYTES + 1)] {
            assert_ne!(id_of(unfit), unfit);
        }
    }

    #[test]
    fn no_two_requests_have_the_same_identifier() {
        assert_ne!(request_id(&HeaderMap::new()), request_id(&HeaderMap::new()));
    }
}
