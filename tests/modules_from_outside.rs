//! A built program may come from anywhere. Whatever is put in its place while the server runs, the server answers on.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use crossfade::config::Config;
use crossfade::http::{self, Server};
use crossfade_evaluator::compile::compile;
use crossfade_evaluator::rules::load;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;

use crate::support::migration::eventually;

/// A server that runs a built program.
struct Host {
    folder: TempDir,
    server: Server,
    client: Client,
}

impl Host {
    async fn start() -> Self {
        let folder = TempDir::new().expect("a folder");
        fs::write(folder.path().join("program.wasm"), story()).expect("a program that can be written");
        let config = Config {
            listen: ([127, 0, 0, 1], 0).into(),
            rules: folder.path().join("program.wasm"),
            workers: Some(2),
            ..Config::default()
        };
        Self {
            server: http::serve(config).await.expect("a server that starts"),
            folder,
            client: Client::new(),
        }
    }

    /// Puts another file in the program's place, as a deployment does: whole, or not at all.
    fn deploy(&self, wasm: &[u8]) {
        let beside = self.folder.path().join("program.new");
        fs::write(&beside, wasm).expect("a program that can be written");
        fs::rename(beside, self.folder.path().join("program.wasm"))
            .expect("a program that can be put in place");
    }

    /// Why the newest program does not run; nothing, where it does.
    fn refusal(&self) -> Option<String> {
        let rejected = self.server.app().flags().rejected();
        rejected.map(|rejected| rejected.message.clone())
    }

    async fn evaluate(&self, flag: &str, context: Value) -> (StatusCode, Value) {
        let url = format!("{}/ofrep/v1/evaluate/flags/{flag}", self.server.base_url());
        let request = self.client.post(url).json(&json!({ "context": context }));
        let answer = request.send().await.expect("an answer");
        (answer.status(), answer.json().await.expect("an answer in JSON"))
    }

    async fn tester_reads_from_new(&self) {
        let (status, answer) = self.evaluate("read", json!({ "targetingKey": "123" })).await;
        assert_eq!(
            (status, &answer["value"]),
            (StatusCode::OK, &json!(true)),
            "{answer}"
        );
    }
}

/// The story's rules, built.
fn story() -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules");
    let files = ["context.yaml", "postgres-migration.yaml"].map(|name| {
        let text = fs::read(folder.join(name)).expect("the story's rules");
        (name.to_owned(), text)
    });
    compile(&load(&files).rules.expect("rules that can be used")).expect("a program")
}

/// A program by hand, of one variable `read`.
fn by_hand(pages: u32, functions: &str) -> Vec<u8> {
    let metadata = json!({
        "abi": 1, "version": "by hand", "results": 192, "room": 256,
        "slots": [{ "name": "user_id", "type": "string", "at": 64 }],
        "features": [{ "name": "f", "variations": ["off", "on"], "default": 0, "rules": [] }],
        "variables": [{ "key": "read", "type": "boolean", "feature": 0, "values": [false, true] }],
    });
    let metadata = metadata.to_string().replace('"', "\\\"");
    let text = format!(
        r#"(module (@custom "crossfade" "{metadata}") (memory (export "memory") {pages}) {functions})"#
    );
    wat::parse_str(text).expect("a module's text")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_program_never_takes_the_place_of_one_that_runs_and_every_request_is_answered() {
    let host = Arc::new(Host::start().await);
    host.tester_reads_from_new().await;
    // Somebody asks all the time.
    let (stop, stopped) = watch::channel(false);
    let asking = tokio::spawn({
        let host = host.clone();
        async move {
            let mut asked = 0_u32;
            while !*stopped.borrow() {
                host.tester_reads_from_new().await;
                asked += 1;
            }
            asked
        }
    });
    let story = story();
    let (endless, answer) = ("(loop (br 0))", "(i64.const 1)");
    let functions = |decide: &str, decide_all: &str| {
        format!(
            r#"(func (export "decide") (param i32) (result i64) {decide} {answer})
               (func (export "decide_all") {decide_all})"#
        )
    };
    let many = format!("{} {}", functions("", ""), "(func)".repeat(200_001));
    let broken: [(&[u8], &str); 8] = [
        (b"", "no WebAssembly"),
        (b"feature: postgres-migration\n", "no WebAssembly"),
        (&story[..story.len() / 2], "not a valid WebAssembly module"),
        (&by_hand(65_536, &functions("", "")), "a memory of so many bytes"),
        (&by_hand(1, &many), "so many functions"),
        (
            &by_hand(1, &functions("", endless)),
            "did not end within its time",
        ),
        (
            &by_hand(1, &functions(endless, "")),
            "did not end within its time",
        ),
        (&by_hand(1, &functions("unreachable", "unreachable")), "trapped"),
    ];
    for (wasm, why) in broken {
        host.deploy(wasm);
        eventually(why, async || {
            host.refusal().is_some_and(|refusal| refusal.contains(why))
        })
        .await;
        host.tester_reads_from_new().await;
    }
    host.deploy(&story);
    eventually("the program that is whole again is taken", async || {
        host.refusal().is_none()
    })
    .await;
    host.tester_reads_from_new().await;
    stop.send_replace(true);
    let asked = asking.await.expect("answers to all requests");
    assert!(asked > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_hangs_for_some_users_only_fails_theirs() {
    let host = Host::start().await;
    // For whoever says who they are: the tag of the slot is no longer that of a missing attribute.
    let trap = r#"(func (export "decide") (param i32) (result i64)
        (if (i32.load (i32.const 64)) (then (loop (br 0)))) (i64.const 1))
        (func (export "decide_all") (i64.store (i32.const 192) (i64.const 1)))"#;
    host.deploy(&by_hand(1, trap));
    let anybody = json!({ "country": "FR" });
    eventually("the program runs", async || {
        let (_, answer) = host.evaluate("read", anybody.clone()).await;
        answer["metadata"]["feature"] == "f"
    })
    .await;
    assert_eq!(host.refusal(), None);
    let (hung, others) = tokio::join!(
        host.evaluate("read", json!({ "targetingKey": "123" })),
        host.evaluate("read", anybody.clone()),
    );
    assert_eq!(hung.0, StatusCode::INTERNAL_SERVER_ERROR, "{}", hung.1);
    assert_eq!(hung.1["errorCode"], "GENERAL");
    assert_eq!(others.1["value"], true, "{}", others.1);
    // And the thread that hung goes on, by a new memory.
    for _ in 0..4 {
        let (status, answer) = host.evaluate("read", anybody.clone()).await;
        assert_eq!(
            (status, &answer["value"]),
            (StatusCode::OK, &json!(true)),
            "{answer}"
        );
    }
}
