//! The server as a process that can be killed: this test program, started again.

use std::io::Read as _;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use crossfade::config::Config;
use tokio::process::{Child, Command};

const PORT: &str = "CROSSFADE_TEST_SERVER_PORT";
const RULES_FOLDER: &str = "CROSSFADE_TEST_SERVER_RULES";
const OLD: &str = "CROSSFADE_TEST_SERVER_OLD";
const NEW: &str = "CROSSFADE_TEST_SERVER_NEW";
const MIRROR_DEADLINE_MS: &str = "CROSSFADE_TEST_SERVER_MIRROR_DEADLINE_MS";

/// A running server, or one that was killed.
pub(crate) struct ServerProcess {
    settings: Settings,
    child: Child,
}

/// How it is set up, each time that it is started.
struct Settings {
    port: u16,
    old_url: String,
    new_url: String,
    rules: tempfile::TempDir,
    mirror_deadline: Duration,
}

impl ServerProcess {
    /// Starts it with one file of rules and one of attributes, and waits until it answers.
    pub(crate) async fn start(
        [feature, context]: [&str; 2],
        old_url: String,
        new_url: String,
        mirror_deadline: Duration,
    ) -> Self {
        let rules = tempfile::tempdir().expect("a folder for rules");
        std::fs::write(rules.path().join(FEATURE), feature).expect("rules");
        std::fs::write(rules.path().join("context.yaml"), context).expect("attributes");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let settings = Settings {
            port: listener.local_addr().expect("an address").port(),
            old_url,
            new_url,
            rules,
            mirror_deadline,
        };
        drop(listener);
        let mut server = Self {
            child: spawn(&settings),
            settings,
        };
        server.answers().await;
        server
    }

    /// `http://127.0.0.1:port`
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.settings.port)
    }

    /// Its rules, to be edited.
    pub(crate) fn rules(&self) -> RulesFile {
        RulesFile(self.settings.rules.path().join(FEATURE))
    }

    /// Kills it at whatever instruction it is, and starts another.
    pub(crate) async fn kill_and_start(&mut self) {
        self.kill().await;
        self.child = spawn(&self.settings);
        self.answers().await;
    }

    /// Kills it at whatever instruction it is.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.expect("a server that can be killed");
    }

    async fn answers(&mut self) {
        let live = format!("{}/health/live", self.url());
        while reqwest::get(&live).await.is_err() {
            let ended = self.child.try_wait().expect("a child of ours");
            assert!(ended.is_none(), "the server ended by itself: {ended:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// The file of a server's rules.
pub(crate) struct RulesFile(PathBuf);

const FEATURE: &str = "feature.yaml";

impl RulesFile {
    /// Puts other rules in their place, in one step, as editors do.
    pub(crate) fn replace(&self, rules: &str) {
        let unfinished = self.0.with_extension("unfinished");
        std::fs::write(&unfinished, rules).expect("the edited rules");
        std::fs::rename(unfinished, &self.0).expect("the edited rules in their place");
    }
}

fn spawn(settings: &Settings) -> Child {
    let program = std::env::current_exe().expect("this test program");
    Command::new(program)
        .args([
            "support::server_process::a_server_when_started_as_one",
            "--exact",
            "--nocapture",
        ])
        .env(PORT, settings.port.to_string())
        .env(RULES_FOLDER, settings.rules.path())
        .env(OLD, &settings.old_url)
        .env(NEW, &settings.new_url)
        .env(
            MIRROR_DEADLINE_MS,
            settings.mirror_deadline.as_millis().to_string(),
        )
        // It ends when this pipe does, and so with the test, however that ends.
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("this test program, started again")
}

/// Not a test by itself: the server, when this program is started as one. It serves until it is killed.
#[test]
fn a_server_when_started_as_one() {
    let asked = |name| std::env::var(name).ok();
    let (Some(port), Some(rules), Some(old), Some(new), Some(mirror_deadline_ms)) = (
        asked(PORT),
        asked(RULES_FOLDER),
        asked(OLD),
        asked(NEW),
        asked(MIRROR_DEADLINE_MS),
    ) else {
        return;
    };
    let config = Config {
        listen: (Ipv4Addr::LOCALHOST, port.parse().expect("a port")).into(),
        rules: rules.into(),
        old_database_url: Some(old.parse().expect("a URL")),
        new_database_url: Some(new.parse().expect("a URL")),
        mirror_deadline_ms: mirror_deadline_ms.parse().expect("a number"),
        ..Config::default()
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let _server = runtime
        .block_on(crossfade::serve(config))
        .expect("a server that starts");
    let mut nothing = Vec::new();
    _ = std::io::stdin().read_to_end(&mut nothing);
    std::process::exit(0);
}
