//! The `Idempotency-Key` header: a write that came before with the same key is not done again, but answered again.
//! (IETF draft-ietf-httpapi-idempotency-key-header.)

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderMap, HeaderValue};

use super::super::auth;
use super::error::DataError;
use super::request::DataRequest;
use crate::routing::OnceKey;

/// The longest key, in bytes.
pub(super) const MOST_KEY_BYTES: usize = 255;

/// What the answer depends on beside the URL and the body.
const HEADERS: [&str; 3] = ["accept", "prefer", "content-profile"];

/// The key of a request that has one. Each user of each token has keys of its own.
pub(super) fn once_key(
    request: &HttpRequest,
    asked: &DataRequest,
    body: &[u8],
) -> Result<Option<OnceKey>, DataError> {
    let headers = request.headers();
    let Some(key) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    let key = key.to_str().map_err(|_| DataError::KeyForm)?;
    // The draft says a quoted string; most clients send it bare.
    let key = key
        .strip_prefix('"')
        .and_then(|key| key.strip_suffix('"'))
        .unwrap_or(key);
    if key.is_empty() || key.len() > MOST_KEY_BYTES || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(DataError::KeyForm);
    }
    let asker = [
        auth::token(headers).unwrap_or_default().as_bytes(),
        asked.context.user_id().unwrap_or_default().as_bytes(),
    ];
    let said: Vec<Vec<u8>> = HEADERS.iter().map(|name| all_of(headers, name)).collect();
    let mut parts = vec![
        request.method().as_str().as_bytes(),
        request.path().as_bytes(),
        request.query_string().as_bytes(),
        body,
    ];
    parts.extend(said.iter().map(Vec::as_slice));
    Ok(Some(OnceKey::new(&asker, key, &parts)))
}

/// A header's values, each ended by a line break, which no value contains.
fn all_of(headers: &HeaderMap, name: &str) -> Vec<u8> {
    let values = headers.get_all(name).map(HeaderValue::as_bytes);
    values.flat_map(|value| [value, b"\n"].concat()).collect()
}
