//! A server over a folder of rules of its own.

use std::fs;
use std::path::Path;

use crossfade::config::Config;
use crossfade::http::{Server, serve};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) struct Desk {
    pub(crate) folder: TempDir,
    pub(crate) client: Client,
    server: Server,
}

/// An answer, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) etag: Option<String>,
    pub(crate) json: Value,
}

impl Desk {
    /// The story's rules, and a segment.
    pub(crate) async fn open() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(set: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let story = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules");
        for name in ["context.yaml", "postgres-migration.yaml"] {
            fs::copy(story.join(name), folder.path().join(name)).expect("the story's rules");
        }
        let mut config = Config {
            listen: ([127, 0, 0, 1], 0).into(),
            rules: folder.path().to_owned(),
            workers: Some(1),
            ..Config::default()
        };
        set(&mut config);
        Self {
            folder,
            client: Client::new(),
            server: serve(config).await.expect("a server"),
        }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.server.base_url()))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Value) -> Answer {
        Answer::of(self.request(method, path).json(&body)).await
    }

    /// Changes a part of the story's feature.
    pub(crate) async fn change(&self, change: Value) -> Answer {
        let path = "/api/v1/features/postgres-migration?author=ada&reason=tests";
        self.send(Method::PATCH, path, json!({ "changes": [change] }))
            .await
    }

    /// What a flag is for a user.
    pub(crate) async fn decide(&self, flag: &str, user: &str) -> Value {
        let path = format!("/ofrep/v1/evaluate/flags/{flag}");
        let body = json!({ "context": { "targetingKey": user } });
        self.send(Method::POST, &path, body).await.json["value"].clone()
    }

    pub(crate) fn file(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).expect("a file")
    }
}

impl Answer {
    pub(crate) async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.expect("an answer");
        let etag = response.headers().get("etag");
        let etag = etag.map(|etag| etag.to_str().expect("text").to_owned());
        let status = response.status();
        let text = response.text().await.expect("a body");
        Self {
            status,
            etag,
            json: serde_json::from_str(&text).unwrap_or_else(|_| Value::from(text)),
        }
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.json);
        self
    }
}
