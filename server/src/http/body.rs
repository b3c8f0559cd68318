//! Reads a request's body, as far as it may go.

use actix_web::web::{Bytes, BytesMut, Payload};
use futures_util::StreamExt;

use super::error::ApiError;

/// The whole body, if it has at most `limit_bytes`.
pub(super) async fn read(mut payload: Payload, limit_bytes: usize) -> Result<Bytes, ApiError> {
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
