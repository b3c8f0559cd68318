//! Several servers run the same rules: one change through any of them, and all decide by it.

use std::time::{Duration, Instant};

use crossfade::config::RulesStore;
use crossfade::databases::Side;
use crossfade::flags::{DatabaseHistory, NewRevision};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::App;
use crate::support::databases::Pair;
use crate::support::migration::{databases, eventually};
use crate::support::proxy::{Network, Proxy};

const EFFECT_WITHIN: Duration = Duration::from_secs(1);

async fn server(pair: &Pair, old_url: &str) -> App {
    App::start_with(old_url, &pair.new_url().await, |config| {
        config.rules_store = RulesStore::Database;
    })
    .await
}

async fn reads_new(app: &App, user: &str) -> bool {
    let answer = app.evaluate("read", json!({ "targetingKey": user })).await.done();
    answer.json()["value"] == true
}

async fn add_tester(app: &App, user: &str) -> Value {
    let change = json!({ "changes": [{ "change": "add-user", "rule": "Testing Group", "user": user }] });
    let path = "/api/v1/features/postgres-migration?author=ada&reason=tests";
    app.send(Method::PATCH, path, "", change).await.done().json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_through_any_of_three_servers_decides_on_all_within_a_second() {
    let pair = Pair::empty().await;
    let old = pair.old_url().await;
    let apps = [
        server(&pair, &old).await,
        server(&pair, &old).await,
        server(&pair, &old).await,
    ];
    for (number, app) in apps.iter().enumerate() {
        let user = format!("new-{number}");
        let made = add_tester(app, &user).await;
        let answered = Instant::now();
        for other in &apps {
            while !reads_new(other, &user).await {
                assert!(
                    answered.elapsed() < EFFECT_WITHIN,
                    "not in effect after {:?}",
                    answered.elapsed()
                );
            }
        }
        assert_eq!(made["revision"]["author"], "ada");
    }
    // The same history through each.
    for app in &apps {
        let revisions = app.get("/api/v1/revisions", "").await.done().json();
        assert_eq!(revisions.as_array().map(Vec::len), Some(3));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_could_not_reach_the_database_catches_up() {
    let pair = Pair::empty().await;
    let old = pair.old_url().await;
    let proxy = Proxy::before_url(&old).await;
    let (near, far) = (server(&pair, &old).await, server(&pair, &proxy.url(&old)).await);
    add_tester(&near, "first").await;
    eventually("the first change arrives", async || {
        reads_new(&far, "first").await
    })
    .await;
    proxy.set(Network::Refusing);
    add_tester(&near, "second").await;
    add_tester(&near, "third").await;
    assert!(reads_new(&far, "first").await, "what it knows goes on");
    proxy.set(Network::Good);
    eventually("all changes arrive", async || {
        reads_new(&far, "second").await && reads_new(&far, "third").await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_changes_made_through_different_servers_at_once_each_is_made_or_refused() {
    let pair = Pair::empty().await;
    let old = pair.old_url().await;
    let apps = [server(&pair, &old).await, server(&pair, &old).await];
    let change = async |app: &App, user: String| {
        let change = json!({ "changes": [{ "change": "add-user", "rule": "Testing Group", "user": user }] });
        let path = "/api/v1/features/postgres-migration";
        (user, app.send(Method::PATCH, path, "", change).await)
    };
    let mut made = Vec::new();
    for round in 0..4 {
        let both = futures_util::future::join(
            change(&apps[0], format!("a{round}")),
            change(&apps[1], format!("b{round}")),
        );
        let (one, other) = both.await;
        for (user, answer) in [one, other] {
            match answer.status.as_u16() {
                200 => made.push(user),
                409 => assert_eq!(answer.json()["code"], "CHANGED_MEANWHILE"),
                // Another revision came before this one decided.
                503 => made.push(user),
                status => panic!("{status}: {}", answer.text),
            }
        }
    }
    assert!(made.len() >= 4, "{made:?}");
    eventually("every change that was made decides everywhere", async || {
        for user in &made {
            if !(reads_new(&apps[0], user).await && reads_new(&apps[1], user).await) {
                return false;
            }
        }
        true
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn revisions_and_what_was_done_cannot_be_rewritten_even_in_the_database() {
    let pair = Pair::empty().await;
    let app = server(&pair, &pair.old_url().await).await;
    add_tester(&app, "first").await;
    let old = pair.connect_old().await;
    for statement in [
        "delete from crossfade.audit",
        "update crossfade.rules_revisions set author = 'nobody'",
        "truncate crossfade.audit",
    ] {
        assert!(old.batch_execute(statement).await.is_err(), "{statement}");
    }
    let audit = app.get("/api/v1/audit", "").await.done().json();
    assert_eq!(audit[0]["action"], "edit feature postgres-migration");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_starts_from_the_latest_revision_and_without_the_database_from_the_last_good_one() {
    let pair = Pair::empty().await;
    let old = pair.old_url().await;
    let history = DatabaseHistory::new(databases(&old, &pair.new_url().await));
    let first = server(&pair, &old).await;
    add_tester(&first, "first").await;
    let folder = tempfile::tempdir().expect("a folder");
    let kept = folder.path().join("last-good.wasm");
    let keeping = App::start_with(&old, &pair.new_url().await, |config| {
        config.rules_store = RulesStore::Database;
        config.last_good = Some(kept.clone());
    })
    .await;
    assert!(reads_new(&keeping, "first").await, "from its first answer on");
    eventually("the rules are kept", async || kept.is_file()).await;
    let nowhere = "postgres://nobody@127.0.0.1:1/nothing";
    let alone = App::start_with(nowhere, nowhere, |config| {
        config.rules_store = RulesStore::Database;
        config.rules = folder.path().join("nothing here");
        config.last_good = Some(kept.clone());
    })
    .await;
    assert!(reads_new(&alone, "first").await);
    let (latest, files) = history.latest().await.expect("an answer").expect("a revision");
    let again = NewRevision {
        author: String::new(),
        reason: String::new(),
        version: latest.version,
        files,
    };
    let refused = history.commit(None, &again).await;
    assert!(refused.is_err(), "a revision follows the latest one: {refused:?}");
    assert_eq!(Side::Old, first.crossfade().primary());
}
