//! `GET /`: the dashboard, a page with a few modules of JavaScript, all of it in the binary.
//!
//! The page itself is for everyone; all that it shows it asks of the API, with the token of whoever looks.

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY,
};
use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};
use sha2::{Digest, Sha256};

use super::error::ApiError;
use crate::config::hex;

/// Nothing but our own files is loaded, run or talked to, and nobody may put the page into theirs.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// A file of the page.
struct File {
    name: &'static str,
    media_type: &'static str,
    text: &'static str,
}

macro_rules! files {
    ($($name:literal as $media_type:expr),* $(,)?) => {
        [$(File { name: $name, media_type: $media_type, text: include_str!(concat!("../../dashboard/", $name)) }),*]
    };
}

const FILES: [File; 16] = files![
    "index.html" as HTML,
    "style.css" as CSS,
    "icon.svg" as SVG,
    "app.js" as JAVASCRIPT,
    "api.js" as JAVASCRIPT,
    "dom.js" as JAVASCRIPT,
    "words.js" as JAVASCRIPT,
    "plot.js" as JAVASCRIPT,
    "crossfader.js" as JAVASCRIPT,
    "editor.js" as JAVASCRIPT,
    "live.js" as JAVASCRIPT,
    "migration.js" as JAVASCRIPT,
    "rules.js" as JAVASCRIPT,
    "explain.js" as JAVASCRIPT,
    "differences.js" as JAVASCRIPT,
    "history.js" as JAVASCRIPT,
];

/// `GET /`
pub(super) async fn page(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    file(&request, "index.html")
}

/// `GET /dashboard/{file}`
pub(super) async fn part(request: HttpRequest, name: Path<String>) -> Result<HttpResponse, ApiError> {
    file(&request, &name)
}

fn file(request: &HttpRequest, name: &str) -> Result<HttpResponse, ApiError> {
    let file = FILES.iter().find(|file| file.name == name);
    let file = file.ok_or_else(|| ApiError::NoRoute(request.path().to_owned()))?;
    let tag = format!("\"{}\"", hex(&Sha256::digest(file.text.as_bytes())[..8]));
    let known = request.headers().get(IF_NONE_MATCH);
    let is_known = known.is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut response = if is_known {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    response
        .insert_header((ETAG, tag))
        // Kept, and asked about each time: a newer server's page must not meet an older one's modules.
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((REFERRER_POLICY, "no-referrer"));
    if is_known {
        return Ok(response.finish());
    }
    Ok(response
        .insert_header((CONTENT_TYPE, file.media_type))
        .body(file.text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_of_the_folder_are_served_and_are_small() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/dashboard");
        let mut found: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        found.sort_unstable();
        let mut served: Vec<&str> = FILES.iter().map(|file| file.name).collect();
        served.sort_unstable();
        assert_eq!(served, found);
        let bytes: usize = FILES.iter().map(|file| file.text.len()).sum();
        assert!(bytes < 150_000, "{bytes}");
    }
}
