//! Reads a request's body, as far as it may go and as long as it may take.

use std::time::Duration;

use actix_web::web::{Bytes, BytesMut, Payload};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;

use super::error::ApiError;
use super::management::ManagementError;
use crate::config::Config;

/// The whole body, if it is not too large and not too slow.
pub(super) async fn read(payload: Payload, config: &Config) -> Result<Bytes, ApiError> {
    let deadline = Duration::from_millis(config.body_deadline_ms);
    let reading = read_all(payload, config.max_body_bytes);
    // A body is mostly there already: then no timer is made.
    tokio::time::timeout(deadline, reading)
        .await
        .unwrap_or(Err(ApiError::TooSlow))
}

/// A body of JSON, for the management API.
pub(super) async fn json<T: DeserializeOwned>(payload: Payload, config: &Config) -> Result<T, ApiError> {
    let body = read(payload, config).await?;
    let parsed = serde_json::from_slice(&body);
    parsed.map_err(|error| ManagementError::Body(error.to_string()).into())
}

async fn read_all(mut payload: Payload, limit_bytes: usize) -> Result<Bytes, ApiError> {
    let whole = next(&mut payload, 0, limit_bytes).await?.unwrap_or_default();
    // Most bodies arrive in one piece, and are not copied.
    let Some(second) = next(&mut payload, whole.len(), limit_bytes).await? else {
        return Ok(whole);
    };
    let mut body = BytesMut::from(whole);
    body.extend_from_slice(&second);
    while let Some(chunk) = next(&mut payload, body.len(), limit_bytes).await? {
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// One more piece, after so many bytes; nothing at the end.
async fn next(
    payload: &mut Payload,
    read_bytes: usize,
    limit_bytes: usize,
) -> Result<Option<Bytes>, ApiError> {
    match payload.next().await {
        None => Ok(None),
        Some(Err(_)) => Err(ApiError::BrokenBody),
        Some(Ok(chunk)) if read_bytes + chunk.len() > limit_bytes => Err(ApiError::TooLarge(limit_bytes)),
        Some(Ok(chunk)) => Ok(Some(chunk)),
    }
}
