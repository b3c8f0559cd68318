//! Crossfade itself, in the demo's own process.

use std::net::SocketAddr;
use std::path::Path;

use crate::config::Config;
use crate::databases::DatabaseUrl;
use crate::http;

/// The server of the demo.
pub(super) struct Server {
    base_url: String,
    server: http::Server,
}

impl Server {
    /// Starts it between two databases, with the rules of a folder.
    pub(super) async fn start(
        listen: SocketAddr,
        rules: &Path,
        old: &DatabaseUrl,
        new: &DatabaseUrl,
    ) -> anyhow::Result<Self> {
        let config = Config {
            listen,
            rules: rules.to_owned(),
            old_database_url: Some(old.clone()),
            new_database_url: Some(new.clone()),
            ..Config::default()
        };
        let server = http::serve(config).await?;
        Ok(Self {
            base_url: server.base_url(),
            server,
        })
    }

    /// Where it listens.
    pub(super) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Stops it in good order.
    pub(super) async fn stop(self) {
        self.server.stop().await;
    }
}
