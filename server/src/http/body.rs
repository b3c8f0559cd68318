//! Reads a request's body, as far as it may go.

use actix_web::web::{Bytes, BytesMut, Payload};
use futures_util::StreamExt;

use super::error::ApiError;

/// The whole body, if it has at most `limit_bytes`.
pub(super) async fn read(mut payload: Payload, limit_bytes: usize) -> Result<Bytes, ApiError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| ApiError::BrokenBody)?;
        if body.len() + chunk.len() > limit_bytes {
            return Err(ApiError::TooLarge(limit_bytes));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}
