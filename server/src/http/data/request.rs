//! What a request to `/data` says beside its URL's query: headers, by name.

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, RANGE};

use super::super::error::ApiError;
use super::error::DataError;
use super::grammar::Query;
use super::prefer::Preferences;
use crate::flags::RequestContext;
use crate::sync::Position;

/// The answer's form where one object is asked for.
pub(super) const SINGULAR: &str = "application/vnd.pgrst.object+json";

/// PostgREST's own name for an array.
const ARRAY: &str = "application/vnd.pgrst.array+json";

/// A request, read whole but for its body.
#[derive(Debug)]
pub(super) struct DataRequest {
    pub(super) context: RequestContext,
    pub(super) earlier: Option<Position>,
    pub(super) schema: String,
    pub(super) query: Query,
    pub(super) preferences: Preferences,
    pub(super) range: Option<String>,
    /// One object is wanted, not an array.
    pub(super) singular: bool,
}

impl DataRequest {
    /// Reads it; `schemas` are those that are offered, the first one unless the request says another.
    pub(super) fn read(request: &HttpRequest, schemas: &[String]) -> Result<Self, ApiError> {
        let headers = request.headers();
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        let profile = header(
            headers,
            if is_read {
                "accept-profile"
            } else {
                "content-profile"
            },
        );
        if !is_read {
            accept_json_body(headers)?;
        }
        Ok(Self {
            context: RequestContext::from_baggage(texts(headers, "baggage"))?,
            earlier: header(headers, "crossfade-position")
                .map(str::parse)
                .transpose()?,
            schema: schema(profile, schemas)?,
            query: Query::parse(request.query_string()).map_err(DataError::from)?,
            preferences: Preferences::parse(texts(headers, "prefer"))?,
            range: header(headers, RANGE.as_str()).map(str::to_owned),
            singular: is_singular(headers)?,
        })
    }
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn texts<'h>(headers: &'h HeaderMap, name: &str) -> impl Iterator<Item = &'h str> {
    headers.get_all(name).filter_map(|value| value.to_str().ok())
}

fn schema(profile: Option<&str>, schemas: &[String]) -> Result<String, DataError> {
    let wanted = profile
        .or(schemas.first().map(String::as_str))
        .unwrap_or_default();
    if schemas.iter().any(|schema| schema == wanted) {
        return Ok(wanted.to_owned());
    }
    Err(DataError::Schema {
        schema: wanted.to_owned(),
        exposed: schemas.to_vec(),
    })
}

/// Whether one object is wanted. The first form that is offered counts, as PostgREST has it.
fn is_singular(headers: &HeaderMap) -> Result<bool, DataError> {
    let accept: Vec<&str> = texts(headers, ACCEPT.as_str()).collect();
    let accept = accept.join(",");
    for form in accept
        .split(',')
        .map(|form| form.split(';').next().unwrap_or_default().trim())
    {
        match form {
            SINGULAR | "application/vnd.pgrst.object" => return Ok(true),
            "" | "*/*" | "application/*" | "application/json" | ARRAY | "application/vnd.pgrst.array" => {
                return Ok(false);
            }
            _ => {}
        }
    }
    Err(DataError::MediaType(accept))
}

fn accept_json_body(headers: &HeaderMap) -> Result<(), DataError> {
    let form = header(headers, CONTENT_TYPE.as_str()).unwrap_or("application/json");
    match form.split(';').next().unwrap_or_default().trim() {
        "application/json" | "" | SINGULAR | ARRAY => Ok(()),
        other => Err(DataError::Body(format!("Content-Type not acceptable: {other}"))),
    }
}
