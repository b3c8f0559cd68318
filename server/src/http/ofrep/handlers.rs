//! The protocol's two questions.

use actix_web::http::header::{CONTENT_TYPE, ETAG, HeaderMap, IF_NONE_MATCH};
use actix_web::web::{Path, Payload, ThinData};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::super::body;
use super::super::state::App;
use super::answer::{All, EVENTS, One, Version};
use super::error::OfrepError;
use crate::flags::RequestContext;

/// `POST /ofrep/v1/evaluate/flags/{key}`
pub async fn evaluate_one(
    app: ThinData<App>,
    key: Path<String>,
    body: Payload,
) -> Result<HttpResponse, OfrepError> {
    let body = body::read(body, app.config()).await?;
    let context = context(Some(&key), &body)?;
    let answer = app
        .flags()
        .decide(&key, &context, |decision| match decision.fault {
            Some(_) => Err(OfrepError::fault(&key)),
            None => Ok(json(&One::new(decision))),
        });
    let answer = answer.map_err(|error| OfrepError::flag(Some(&key), &error))??;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/json"))
        .body(answer))
}

/// `POST /ofrep/v1/evaluate/flags`
pub async fn evaluate_all(
    app: ThinData<App>,
    request: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, OfrepError> {
    let body = body::read(body, app.config()).await?;
    let context = context(None, &body)?;
    let answer = app.flags().decide_all(&context, |revision, decisions| {
        let flags = decisions.iter().map(One::new).collect();
        let metadata = Version {
            version: revision.version(),
        };
        json(&All {
            flags,
            metadata,
            event_streams: [EVENTS],
        })
    });
    let answer = answer.map_err(|error| OfrepError::flag(None, &error))?;
    Ok(unless_known(request.headers(), answer))
}

/// An evaluation request's body.
#[derive(Deserialize)]
struct EvaluationRequest {
    context: RequestContext,
}

fn context(key: Option<&str>, body: &[u8]) -> Result<RequestContext, OfrepError> {
    let request: EvaluationRequest =
        serde_json::from_slice(body).map_err(|error| OfrepError::body(key, &error))?;
    Ok(request.context)
}

/// 304 where the client has this very answer already.
///
/// The tag is a hash of the answer, the rules' version in it: so it covers the rules, the context and, for
/// rollouts over time, the moment.
fn unless_known(headers: &HeaderMap, answer: Vec<u8>) -> HttpResponse {
    let digest = Sha256::digest(&answer);
    let tag: String = std::iter::once('"'.to_string())
        .chain(digest.iter().take(16).map(|byte| format!("{byte:02x}")))
        .chain(std::iter::once('"'.to_string()))
        .collect();
    let known = headers
        .get_all(IF_NONE_MATCH)
        .filter_map(|header| header.to_str().ok());
    let is_known = known.flat_map(|tags| tags.split(',')).any(|known| {
        let known = known.trim();
        known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag
    });
    if is_known {
        return HttpResponse::NotModified().insert_header((ETAG, tag)).finish();
    }
    HttpResponse::Ok()
        .insert_header((ETAG, tag))
        .insert_header((CONTENT_TYPE, "application/json"))
        .body(answer)
}

/// Names and values of the rules' own: there is nothing in them that JSON could not write.
fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}
