//! Users of the server: each counts in a row of its own and reads it back, and all read a row that others change.
//! No user may ever be shown less than it has written, with an answer, or has been shown before.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use reqwest::header::HeaderMap;
use reqwest::{Method, Response};
use tokio::task::JoinSet;

use super::random::Random;
use super::tally::Tally;
use super::world::World;

/// Users with an open page. The rules know them as `u0`, `u1`, …
pub(super) const USERS: u64 = 40;

/// People look at an answer before they ask again, for this long at least and this much longer at most.
const PAUSE_MS: (u64, u64) = (300, 2_200);

/// A client's own patience; the server's is shorter.
const PATIENCE: Duration = Duration::from_secs(40);

/// A user's client: it sends back the position of the latest answer that had one.
pub(super) struct Client {
    http: reqwest::Client,
    url: String,
    user: String,
    position: Option<String>,
    tally: Arc<Tally>,
}

impl Client {
    pub(super) fn new(world: &World, user: String) -> Self {
        let http = reqwest::Client::builder().timeout(PATIENCE).build();
        Self {
            http: http.expect("a client"),
            url: world.server.url(),
            user,
            position: None,
            tally: world.tally.clone(),
        }
    }

    /// The answer of a request that succeeded; none of one that failed, which is counted.
    pub(super) async fn send(&mut self, method: Method, path: &str, body: Option<String>) -> Option<String> {
        self.send_with_key(method, path, body, None).await
    }

    /// The same, with an `Idempotency-Key`.
    pub(super) async fn send_with_key(
        &mut self,
        method: Method,
        path: &str,
        body: Option<String>,
        key: Option<&str>,
    ) -> Option<String> {
        let began = self.tally.begin();
        let mut request = self
            .http
            .request(method.clone(), format!("{}/data/{path}", self.url))
            .header("baggage", format!("user_id={}", self.user));
        if let Some(position) = &self.position {
            request = request.header("crossfade-position", position);
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .header("prefer", "count=exact")
                .body(body);
        }
        let failed = |why: String| format!("{method} {path}: {why}");
        let outcome = async {
            let answer = request.send().await?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            Ok::<_, reqwest::Error>((status, headers, Response::text(answer).await?))
        };
        match outcome.await {
            Ok((status, headers, text)) if status.is_success() => {
                self.note(&headers);
                Some(text)
            }
            Ok((status, _, text)) => {
                self.tally.fail(began, || failed(format!("{status} {text}")));
                None
            }
            Err(error) => {
                self.tally.fail(began, || failed(format!("{error:?}")));
                None
            }
        }
    }

    fn note(&mut self, headers: &HeaderMap) {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        if let Some(position) = text("crossfade-position") {
            self.position = Some(position.to_owned());
        }
        if text("crossfade-side") == Some("new") {
            Tally::count(&self.tally.reads_of_new);
        }
        if text("crossfade-mirror") == Some("applied") {
            Tally::count(&self.tally.mirrored_at_once);
        }
    }
}

/// Starts all users.
pub(super) fn start(world: &World, random: &mut Random, until: Instant, tasks: &mut JoinSet<()>) {
    for number in 0..USERS {
        let user = User {
            client: Client::new(world, format!("u{number}")),
            random: random.split(),
            tried: 0,
            least: [0, 0],
        };
        tasks.spawn(user.live(until));
    }
}

struct User {
    client: Client,
    random: Random,
    /// The highest count that was ever sent.
    tried: i64,
    /// What the user's own row and the common row must show at least.
    least: [i64; 2],
}

impl User {
    async fn live(mut self, until: Instant) {
        while Instant::now() < until {
            match self.random.below(5) {
                0 | 1 => self.count().await,
                2 | 3 => self.look(0).await,
                _ => self.look(1).await,
            }
            let (least, more) = PAUSE_MS;
            tokio::time::sleep(Duration::from_millis(least + self.random.below(more))).await;
        }
    }

    /// Writes the next count. A request that went astray may arrive late, and must not undo this one.
    async fn count(&mut self) {
        self.tried += 1;
        let path = format!("counters?user_id=eq.{}&n=lt.{}", self.client.user, self.tried);
        let body = format!(r#"{{"n":{}}}"#, self.tried);
        if self.client.send(Method::PATCH, &path, Some(body)).await.is_some() {
            self.least[0] = self.tried;
            Tally::count(&self.client.tally.acknowledged);
        }
    }

    async fn look(&mut self, row: usize) {
        let name = if row == 0 {
            self.client.user.clone()
        } else {
            "everyone".to_owned()
        };
        let path = format!("counters?user_id=eq.{name}&select=n");
        let position = self.client.position.clone();
        let Some(text) = self.client.send(Method::GET, &path, None).await else {
            return;
        };
        self.client.tally.reads.fetch_add(1, Ordering::Relaxed);
        let shown = text
            .trim_start_matches(|c: char| !c.is_ascii_digit())
            .trim_end_matches(|c: char| !c.is_ascii_digit());
        let shown: i64 = shown.parse().unwrap_or(-1);
        let most = if row == 0 { self.tried } else { i64::MAX };
        if shown < self.least[row] || shown > most {
            let tally = &self.client.tally;
            Tally::blame(&tally.back_in_time, || {
                format!(
                    "{} was shown {text} of {name}, after {}, with position {position:?}",
                    self.client.user, self.least[row]
                )
            });
        }
        self.least[row] = self.least[row].max(shown);
    }
}
