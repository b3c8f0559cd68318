//! The overview once, and as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::{Bytes, ThinData};
use futures_util::stream::{self, Stream};
use tokio::sync::watch;

use super::super::state::App;
use super::gather::gather;
use super::samples::Viewer;

/// How soon a client that lost its connection may come back, in milliseconds.
const RETRY_MS: u32 = 1_000;

/// Work may tell how far it is more often than anybody can read.
const GATHERED: Duration = Duration::from_millis(150);

/// `GET /api/v1/overview`
pub(in crate::http) async fn overview(app: ThinData<App>) -> HttpResponse {
    let samples = app.samples().all();
    HttpResponse::Ok().json(gather(&app, samples).await)
}

/// `GET /api/v1/overview/events`: an event every few seconds, and whenever work goes on or the rules change.
pub(in crate::http) async fn events(app: ThinData<App>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(follow(&app))
}

/// What wakes one client's stream.
struct Listener {
    viewer: Viewer,
    ticks: watch::Receiver<u64>,
    jobs: watch::Receiver<()>,
    rules: watch::Receiver<u64>,
    stopping: watch::Receiver<bool>,
    is_new: bool,
}

fn follow(app: &App) -> impl Stream<Item = Result<Bytes, Infallible>> + use<> {
    // Subscribed before anything is looked at: what changes in between is told twice rather than never.
    let listener = Listener {
        viewer: Viewer::of(app),
        ticks: app.samples().ticks(),
        jobs: app.jobs().changes(),
        rules: app.flags().changes(),
        stopping: app.stopping(),
        is_new: true,
    };
    stream::unfold(listener, |mut listener| async move {
        if listener.is_new {
            listener.is_new = false;
            let samples = listener.viewer.app().samples().all();
            let text = format!("retry: {RETRY_MS}\n\n{}", event(&listener, samples).await?);
            return Some((Ok(Bytes::from(text)), listener));
        }
        let is_of_a_job = tokio::select! {
            news = listener.ticks.changed() => news.map(|()| false).ok()?,
            news = listener.jobs.changed() => news.map(|()| true).ok()?,
            news = listener.rules.changed() => news.map(|()| false).ok()?,
            _ = listener.stopping.wait_for(|stopping| *stopping) => return None,
        };
        if is_of_a_job {
            tokio::time::sleep(GATHERED).await;
            listener.jobs.mark_unchanged();
            if listener.has_ended_a_job() {
                listener.viewer.app().records().forget().await;
            }
        }
        let samples = listener.viewer.app().samples().last(1);
        let text = event(&listener, samples).await?;
        Some((Ok(Bytes::from(text)), listener))
    })
}

impl Listener {
    fn has_ended_a_job(&self) -> bool {
        let job = self.viewer.app().jobs().current();
        job.is_some_and(|job| !job.is_running())
    }
}

async fn event(listener: &Listener, samples: Vec<super::model::Sample>) -> Option<String> {
    let overview = gather(listener.viewer.app(), samples).await;
    let json = serde_json::to_string(&overview).ok()?;
    Some(format!("event: overview\ndata: {json}\n\n"))
}
