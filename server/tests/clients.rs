//! Clients that others wrote, against a whole server: OpenFeature's SDKs and PostgREST's client.
//!
//! They are Node.js and Python programs under `tests/clients`; `make clients` installs what they need.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on fails where it stands"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crossfade::cluster::{Cluster, Options};
use crossfade::config::Config;
use crossfade::http::{Server, serve};
use tempfile::TempDir;
use tokio::process::Command;

/// Beside the story's: a value of every type.
const VALUES: &str = "
feature: values
variables:
  share: { type: number }
  limit: { type: number }
  greeting: { type: string }
  theme: { type: json }
variations:
  all: { share: 5.0, limit: 7, greeting: hello, theme: { dark: true, sizes: [1, 2.5] } }
default: all
";

/// A server over two empty databases, with rules that a client may edit.
struct Setting {
    server: Server,
    rules: TempDir,
    old_url: String,
    _cluster: Cluster,
}

impl Setting {
    async fn new() -> Self {
        let cluster = Cluster::start(Options::fast().template(env!("CARGO_TARGET_TMPDIR")))
            .await
            .expect("a cluster");
        for name in ["old", "new"] {
            cluster.create_database(name).await.expect("a database");
        }
        let rules = tempfile::tempdir().expect("a folder");
        for name in ["context.yaml", "postgres-migration.yaml"] {
            fs::copy(repository().join("rules").join(name), rules.path().join(name))
                .expect("the story's rules");
        }
        fs::write(rules.path().join("values.yaml"), VALUES).expect("a feature");
        let config = Config {
            listen: ([127, 0, 0, 1], 0).into(),
            rules: rules.path().to_owned(),
            old_database_url: Some(cluster.url("old").parse().expect("a URL")),
            new_database_url: Some(cluster.url("new").parse().expect("a URL")),
            ..Config::default()
        };
        let server = serve(config).await.expect("a server");
        Self {
            server,
            rules,
            old_url: cluster.url("old"),
            _cluster: cluster,
        }
    }

    /// Runs a client's own tests; what they print is this test's output.
    async fn run(&self, program: &str, arguments: &[&str]) {
        let status = Command::new(program)
            .args(arguments)
            .current_dir(clients())
            .env("BASE_URL", self.server.base_url())
            .env("OLD_DATABASE_URL", &self.old_url)
            .env("RULES", self.rules.path())
            .stdin(Stdio::null())
            .status()
            .await
            .expect("a program that starts");
        assert!(status.success(), "{program} {}: {status}", arguments.join(" "));
    }
}

#[tokio::test]
#[ignore = "needs what `make clients` installs"]
async fn postgrest_js_reads_and_writes_as_sql_does() {
    Setting::new()
        .await
        .run("node", &["--test", "postgrest.test.mjs"])
        .await;
}

#[tokio::test]
#[ignore = "needs what `make clients` installs"]
async fn openfeature_for_servers_tells_the_story() {
    Setting::new()
        .await
        .run("node", &["--test", "openfeature-server.test.mjs"])
        .await;
}

#[tokio::test]
#[ignore = "needs what `make clients` installs"]
async fn openfeature_for_browsers_follows_the_rules() {
    Setting::new()
        .await
        .run("node", &["--test", "openfeature-web.test.mjs"])
        .await;
}

#[tokio::test]
#[ignore = "needs what `make clients` installs"]
async fn openfeature_for_python_tells_the_story() {
    Setting::new()
        .await
        .run(".venv/bin/python", &["test_openfeature.py"])
        .await;
}

/// Every operation is asked what its description allows; the answers must be described ones, and none a failure of ours. What
/// never ends is left out.
#[tokio::test]
#[ignore = "needs what `make clients` installs"]
async fn schemathesis_finds_no_answer_that_is_not_described() {
    let setting = Setting::new().await;
    let description = format!("{}/openapi.json", setting.server.base_url());
    let checks =
        "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";
    let arguments = [
        "run",
        &description,
        "--checks",
        checks,
        "--exclude-path",
        "/ofrep/v1/events",
        "--max-examples",
        "25",
        "--seed",
        "7",
        "--request-timeout",
        "20",
        "--no-color",
    ];
    setting.run(".venv/bin/schemathesis", &arguments).await;
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn clients() -> PathBuf {
    repository().join("tests/clients")
}
