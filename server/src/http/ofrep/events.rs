//! `GET /ofrep/v1/events`: tells clients that flags have changed, so that they need not ask again and again.
//!
//! Server-sent events as OFREP's ADR 0008 has them. An event's identifier is the version of the rules, so that a client
//! that comes back with `Last-Event-ID` learns at once whether it missed anything.

use std::convert::Infallible;
use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::{Bytes, ThinData};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream::{self, Stream};
use serde_json::json;
use tokio::sync::watch;

use super::super::state::App;
use crate::flags::Flags;

/// How often a line is sent that says nothing, so that nobody on the way takes the connection for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How soon a client that lost its connection may come back, in milliseconds.
const RETRY_MS: u32 = 1_000;

/// An endless answer: one event for every change of the rules.
pub async fn events(app: ThinData<App>, request: HttpRequest) -> HttpResponse {
    let known = request
        .headers()
        .get("last-event-id")
        .and_then(|id| id.to_str().ok())
        .map(str::to_owned);
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(follow(app.flags().clone(), app.stopping(), known))
}

/// What is still to be said to one client.
struct Listener {
    flags: Flags,
    changes: watch::Receiver<u64>,
    stopping: watch::Receiver<bool>,
    /// What is said first.
    greeting: Option<String>,
}

fn follow(
    flags: Flags,
    stopping: watch::Receiver<bool>,
    known: Option<String>,
) -> impl Stream<Item = Result<Bytes, Infallible>> {
    // Subscribed before the version is looked at: a change between the two is said twice rather than never.
    let changes = flags.changes();
    let mut greeting = format!("retry: {RETRY_MS}\n\n");
    if known.is_some_and(|known| known != flags.running().version()) {
        greeting.push_str(&event(&flags));
    }
    let listener = Listener {
        flags,
        changes,
        stopping,
        greeting: Some(greeting),
    };
    stream::unfold(listener, |mut listener| async move {
        if let Some(greeting) = listener.greeting.take() {
            return Some((Ok(Bytes::from(greeting)), listener));
        }
        let text = tokio::select! {
            news = listener.changes.changed() => {
                news.ok()?;
                event(&listener.flags)
            }
            _ = listener.stopping.wait_for(|stopping| *stopping) => return None,
            () = tokio::time::sleep(HEARTBEAT) => ":\n\n".to_owned(),
        };
        Some((Ok(Bytes::from(text)), listener))
    })
}

fn event(flags: &Flags) -> String {
    let running = flags.running();
    let since = running
        .since()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let version = running.version();
    let data = json!({ "type": "refetchEvaluation", "etag": version, "lastModified": since });
    format!("id: {version}\nevent: message\ndata: {data}\n\n")
}
