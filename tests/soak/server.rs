//! The server as a process that can be killed: this test program, started again.

use std::io::Read as _;
use std::net::{Ipv4Addr, TcpListener};
use std::process::Stdio;
use std::time::Duration;

use crossfade::config::Config;
use tokio::process::{Child, Command};

/// Users by number: dual writers, readers of new, and everyone else.
const RULES: &str = r#"
feature: soak
variables:
  write: { type: boolean, description: Also write to new }
  read: { type: boolean, description: Read from new }
variations:
  nothing: { write: false, read: false }
  reads: { write: false, read: true }
  both: { write: true, read: true }
targeting:
  - { name: Dual, when: 'user_id in ["u0", "u1", "u2", "u3", "u4", "u5"]', serve: both }
  - { name: Readers, when: 'user_id in ["u6", "u7", "u8", "u9"]', serve: reads }
default: nothing
"#;
const CONTEXT: &str = "attributes:\n  user_id: { type: string, description: The user }\n";

const PORT: &str = "SOAK_SERVER_PORT";
const RULES_FOLDER: &str = "SOAK_SERVER_RULES";
const OLD: &str = "SOAK_SERVER_OLD";
const NEW: &str = "SOAK_SERVER_NEW";

/// A running server, or one that was killed.
pub(super) struct ServerProcess {
    port: u16,
    old_url: String,
    new_url: String,
    rules: tempfile::TempDir,
    child: Child,
}

impl ServerProcess {
    /// Starts it and waits until it answers.
    pub(super) async fn start(old_url: String, new_url: String) -> Self {
        let rules = tempfile::tempdir().expect("a folder for rules");
        std::fs::write(rules.path().join("soak.yaml"), RULES).expect("rules");
        std::fs::write(rules.path().join("context.yaml"), CONTEXT).expect("attributes");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let mut server = Self {
            child: spawn(port, &rules, &old_url, &new_url),
            port,
            old_url,
            new_url,
            rules,
        };
        server.answers().await;
        server
    }

    /// `http://127.0.0.1:port`
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Kills it at whatever instruction it is, and starts another.
    pub(super) async fn kill_and_start(&mut self) {
        self.child.kill().await.expect("a server that can be killed");
        self.child = spawn(self.port, &self.rules, &self.old_url, &self.new_url);
        self.answers().await;
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

fn spawn(port: u16, rules: &tempfile::TempDir, old_url: &str, new_url: &str) -> Child {
    let program = std::env::current_exe().expect("this test program");
    Command::new(program)
        .args(["the_server_of_a_soak_when_started_as_one", "--nocapture"])
        .env(PORT, port.to_string())
        .env(RULES_FOLDER, rules.path())
        .env(OLD, old_url)
        .env(NEW, new_url)
        // It ends when this pipe does, and so with the soak, however that ends.
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("this test program, started again")
}

/// Serves until it is killed, if this process was started for that.
pub(super) fn run_if_asked() {
    let asked = |name| std::env::var(name).ok();
    let (Some(port), Some(rules), Some(old), Some(new)) =
        (asked(PORT), asked(RULES_FOLDER), asked(OLD), asked(NEW))
    else {
        return;
    };
    let config = Config {
        listen: (Ipv4Addr::LOCALHOST, port.parse().expect("a port")).into(),
        rules: rules.into(),
        old_database_url: Some(old.parse().expect("a URL")),
        new_database_url: Some(new.parse().expect("a URL")),
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
