//! A server that answers flags by the story's rules, set up as a test likes.

use std::path::{Path, PathBuf};

use crossfade::config::Config;
use crossfade::http::{Server, serve};
use reqwest::{Client, RequestBuilder, Response};

/// A running server, and a client of it.
pub(crate) struct Desk {
    pub(crate) server: Server,
    pub(crate) client: Client,
}

impl Desk {
    /// Starts one.
    pub(crate) async fn with(set: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config {
            listen: ([127, 0, 0, 1], 0).into(),
            rules: repository().join("rules"),
            workers: Some(1),
            ..Config::default()
        };
        set(&mut config);
        Self {
            server: serve(config).await.expect("a server"),
            client: Client::new(),
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server.base_url())
    }

    /// One evaluation of `read`, for a tester.
    pub(crate) fn evaluation(&self) -> RequestBuilder {
        let url = self.url("/ofrep/v1/evaluate/flags/read");
        self.client
            .post(url)
            .body(r#"{"context": {"targetingKey": "123"}}"#)
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.client.get(self.url(path)).send().await.expect("an answer")
    }
}

pub(crate) fn header<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
    response
        .headers()
        .get(name)
        .map(|value| value.to_str().expect("text"))
}

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
