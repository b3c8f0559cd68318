//! The whole server, listening on a port of its own, with rules that a test may edit.

use std::fs;
use std::path::{Path, PathBuf};

use crossfade::config::Config;
use crossfade::http;
use crossfade::routing::Crossfade;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::databases::Pair;
use super::migration::{Migration, eventually};

/// A running server over two databases.
pub(crate) struct App {
    pub(crate) base_url: String,
    pub(crate) client: Client,
    rules: TempDir,
    server: http::Server,
}

/// An answer, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// The header `Crossfade-Side`.
    pub(crate) side: Option<String>,
    /// The header `Crossfade-Mirror`.
    pub(crate) mirror: Option<String>,
    /// The header `Crossfade-Position`.
    pub(crate) position: Option<String>,
    /// The header `Content-Range`.
    pub(crate) content_range: Option<String>,
    /// The header `Idempotency-Replayed`.
    pub(crate) replayed: bool,
    pub(crate) text: String,
}

impl App {
    /// The story's rules over the shop: captured, its rows copied, and a server between the two databases.
    pub(crate) async fn over_shop(pair: &Pair) -> Self {
        Self::over_shop_at(pair, &pair.new_url().await).await
    }

    /// The same, reaching new by another URL: through a proxy, say.
    pub(crate) async fn over_shop_at(pair: &Pair, new_url: &str) -> Self {
        Self::over_shop_with(pair, new_url, |_| {}).await
    }

    /// The same, set up in another way.
    pub(crate) async fn over_shop_with(pair: &Pair, new_url: &str, set: impl FnOnce(&mut Config)) -> Self {
        pair.open_shop().await;
        Migration::begin(pair).await.crossfade.stop().await;
        Self::start_with(&pair.old_url().await, new_url, set).await
    }

    /// A server between two databases, as they are.
    pub(crate) async fn start(old_url: &str, new_url: &str) -> Self {
        Self::start_with(old_url, new_url, |_| {}).await
    }

    /// The same, set up in another way.
    pub(crate) async fn start_with(old_url: &str, new_url: &str, set: impl FnOnce(&mut Config)) -> Self {
        let rules = tempfile::tempdir().expect("a folder");
        copy_folder(&repository().join("rules"), rules.path());
        let mut config = Config {
            listen: ([127, 0, 0, 1], 0).into(),
            rules: rules.path().to_path_buf(),
            old_database_url: Some(old_url.parse().expect("old's URL")),
            new_database_url: Some(new_url.parse().expect("new's URL")),
            workers: Some(2),
            ..Config::default()
        };
        set(&mut config);
        let server = http::serve(config).await.expect("a server that starts");
        Self {
            base_url: server.base_url(),
            client: Client::new(),
            rules,
            server,
        }
    }

    /// A request of a user, whose context is given as in the `baggage` header.
    pub(crate) fn request(&self, method: Method, path: &str, baggage: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.base_url))
            .header("baggage", baggage)
    }

    /// Reads as a user.
    pub(crate) async fn get(&self, path: &str, baggage: &str) -> Answer {
        Answer::of(self.request(Method::GET, path, baggage)).await
    }

    /// Writes as a user.
    pub(crate) async fn send(&self, method: Method, path: &str, baggage: &str, body: Value) -> Answer {
        Answer::of(self.request(method, path, baggage).json(&body)).await
    }

    /// What OFREP says of one flag.
    pub(crate) async fn evaluate(&self, flag: &str, context: Value) -> Answer {
        let url = format!("{}/ofrep/v1/evaluate/flags/{flag}", self.base_url);
        Answer::of(self.client.post(url).json(&json!({ "context": context }))).await
    }

    /// Replaces a text in the feature's file, in one step, as editors do.
    pub(crate) fn edit_rules(&self, from: &str, to: &str) {
        let file = self.rules.path().join("postgres-migration.yaml");
        let text = fs::read_to_string(&file).expect("the feature's file");
        assert!(text.contains(from), "the rules do not contain {from:?}");
        let unfinished = self.rules.path().join(".unfinished");
        fs::write(&unfinished, text.replace(from, to)).expect("the edited file");
        fs::rename(unfinished, file).expect("the edited file in its place");
    }

    /// Edits the rules so that everyone's writes go to both databases and reads to new, and waits for it.
    pub(crate) async fn migrate_everyone(&self) {
        self.edit_rules("default: user-groups", "default: migrated");
        eventually("everyone is migrated", async || {
            let answer = self.evaluate("write", json!({ "targetingKey": "900" })).await;
            answer.json()["value"] == true
        })
        .await;
    }

    /// The server's own state, for what no route shows.
    pub(crate) fn state(&self) -> &http::App {
        self.server.app()
    }

    /// What it routes by.
    pub(crate) fn crossfade(&self) -> &Crossfade {
        self.state().crossfade().expect("a server with databases")
    }

    /// Answers what is under way, and ends.
    pub(crate) async fn stop(self) {
        self.server.stop().await;
    }
}

impl Answer {
    /// Sends the request, which must be answered.
    pub(crate) async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.expect("an answer");
        let header = |name: &str| {
            response
                .headers()
                .get(name)
                .map(|value| value.to_str().expect("text").to_owned())
        };
        Self {
            status: response.status(),
            side: header("crossfade-side"),
            mirror: header("crossfade-mirror"),
            position: header("crossfade-position"),
            content_range: header("content-range"),
            replayed: header("idempotency-replayed").is_some(),
            text: response.text().await.expect("a body"),
        }
    }

    /// The body, which must be JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {}", self.text))
    }

    /// Fails unless the request was done.
    pub(crate) fn done(self) -> Self {
        assert!(self.status.is_success(), "{}: {}", self.status, self.text);
        self
    }
}

/// The root of the repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("the rules") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            fs::copy(&path, &target).expect("a copy");
        }
    }
}
