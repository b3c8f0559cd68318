//! Which pages of other origins may ask, in browsers: those that the operator has listed.

use actix_cors::Cors;
use actix_web::http::header::{CONTENT_RANGE, ETAG};

/// What a page may read of an answer beside its body.
const SHOWN: [&str; 6] = [
    "crossfade-side",
    "crossfade-mirror",
    "crossfade-position",
    "idempotency-replayed",
    "preference-applied",
    "x-request-id",
];

/// How long a browser remembers that it may ask.
const REMEMBERED_S: usize = 600;

/// Rules for these origins; with none, browsers let no other page read an answer.
pub(super) fn cors(origins: &[String]) -> Cors {
    let cors = Cors::default()
        .allowed_methods(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
        .allow_any_header()
        .expose_headers(SHOWN)
        .expose_headers([CONTENT_RANGE, ETAG])
        .max_age(REMEMBERED_S);
    origins
        .iter()
        .fold(cors, |cors, origin| cors.allowed_origin(origin))
}
