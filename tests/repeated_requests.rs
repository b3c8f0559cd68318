//! A write with an `Idempotency-Key` is done once, however often it is sent, through crashes too.

use std::time::Duration;

use crossfade::databases::Side;
use crossfade::sync::journal::install;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::support::app::{Answer, App, repository};
use crate::support::databases::Pair;
use crate::support::migration::{Migration, databases, eventually};
use crate::support::proxy::{Network, Proxy};
use crate::support::server_process::ServerProcess;

const MAYA: &str = "user_id=123,country=US";
const ANYONE: &str = "user_id=900,country=FR";

/// What a client sends again and again.
fn order(app: &App, user: &str, key: &str, note: &str) -> RequestBuilder {
    app.request(Method::POST, "/data/orders", user)
        .header("idempotency-key", key)
        .header("prefer", "return=representation")
        .json(&json!({ "customer_id": 123, "note": note }))
}

async fn send(request: RequestBuilder) -> Answer {
    Answer::of(request).await
}

async fn orders(pair: &Pair, note: &str) -> i64 {
    let sql = "select count(*) from orders where note = $1";
    let row = pair.connect_old().await.query_one(sql, &[&note]).await;
    row.expect("a count").get(0)
}

fn code(answer: &Answer) -> Value {
    answer.json()["code"].clone()
}

#[tokio::test]
async fn a_repeated_write_is_answered_as_the_first_was_and_done_once() {
    let pair = Pair::empty().await;
    let app = App::over_shop(&pair).await;
    let first = send(order(&app, MAYA, "k1", "a lamp")).await.done();
    assert!(!first.replayed);
    let again = send(order(&app, MAYA, "k1", "a lamp")).await.done();
    assert_eq!((again.status, &again.text), (first.status, &first.text));
    assert!(again.replayed && again.position.is_some());
    assert_eq!(orders(&pair, "a lamp").await, 1);
    // A quoted key, as the draft has it, is the same key; another key is another write.
    assert!(send(order(&app, MAYA, "\"k1\"", "a lamp")).await.done().replayed);
    assert!(!send(order(&app, MAYA, "k2", "a lamp")).await.done().replayed);
    assert_eq!(orders(&pair, "a lamp").await, 2);

    let path = format!("/data/orders?id=eq.{}", first.json()[0]["id"]);
    let change = |method: Method, key: &str, body: Value| {
        app.request(method, &path, MAYA)
            .header("idempotency-key", key)
            .header("prefer", "count=exact")
            .json(&body)
    };
    for _ in 0..2 {
        let changed = send(change(Method::PATCH, "k3", json!({ "note": "changed" })))
            .await
            .done();
        assert_eq!(changed.content_range.as_deref(), Some("0-0/1"));
    }
    for _ in 0..2 {
        let deleted = send(change(Method::DELETE, "k4", json!({}))).await.done();
        assert_eq!(deleted.content_range.as_deref(), Some("*/1"), "{}", deleted.text);
    }
}

#[tokio::test]
async fn a_key_belongs_to_one_user_and_one_request() {
    let pair = Pair::empty().await;
    let app = App::over_shop(&pair).await;
    send(order(&app, MAYA, "k", "a lamp")).await.done();
    assert!(!send(order(&app, ANYONE, "k", "a lamp")).await.done().replayed);
    assert_eq!(orders(&pair, "a lamp").await, 2);
    let others = [
        order(&app, MAYA, "k", "two lamps"),
        order(&app, MAYA, "k", "a lamp").header("prefer", "count=exact"),
        order(&app, MAYA, "k", "a lamp").query(&[("select", "id")]),
        app.request(Method::PATCH, "/data/orders?id=eq.1", MAYA)
            .header("idempotency-key", "k")
            .json(&json!({ "note": "two lamps" })),
    ];
    for other in others {
        let refused = send(other).await;
        assert_eq!(
            refused.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{}",
            refused.text
        );
        assert_eq!(code(&refused), "IDEMPOTENCY_KEY_REUSED");
    }
    assert_eq!(orders(&pair, "two lamps").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_the_same_write_sent_many_times_at_once_one_is_done() {
    let pair = Pair::empty().await;
    let app = App::over_shop(&pair).await;
    app.migrate_everyone().await;
    let at_once = (0..12).map(|_| send(order(&app, MAYA, "k", "at once")));
    let answers = futures_util::future::join_all(at_once).await;
    let mut done = Vec::new();
    for answer in answers {
        if answer.status == StatusCode::CONFLICT {
            assert_eq!(code(&answer), "IDEMPOTENCY_KEY_IN_USE");
        } else {
            done.push(answer.done().text);
        }
    }
    let last = send(order(&app, MAYA, "k", "at once")).await.done();
    assert!(last.replayed);
    assert!(done.iter().all(|text| *text == last.text), "{done:?}");
    assert_eq!(orders(&pair, "at once").await, 1);
}

#[tokio::test]
async fn a_write_that_failed_is_tried_again_with_its_key() {
    let pair = Pair::empty().await;
    let app = App::over_shop(&pair).await;
    let taken = json!({ "id": 9_000_001, "customer_id": 123, "note": "mine" });
    let insert = || {
        app.request(Method::POST, "/data/orders", MAYA)
            .header("idempotency-key", "k")
            .json(&taken)
    };
    let old = pair.connect_old().await;
    let theirs = "insert into orders (id, customer_id, note) values (9000001, 1, 'theirs')";
    old.batch_execute(theirs).await.expect("a row in the way");
    assert_eq!(send(insert()).await.status, StatusCode::CONFLICT);
    old.batch_execute("delete from orders where id = 9000001")
        .await
        .expect("a row out of the way");
    assert!(!send(insert()).await.done().replayed);
    assert!(send(insert()).await.done().replayed);
    assert_eq!(orders(&pair, "mine").await, 1);
}

#[tokio::test]
async fn keys_that_are_none_and_answers_too_large_to_keep_are_refused_and_change_nothing() {
    let pair = Pair::empty().await;
    let app = App::over_shop(&pair).await;
    for key in ["", "\"\"", "two words", "ünï", &"x".repeat(256)] {
        let refused = send(order(&app, MAYA, key, "refused")).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{key}: {}", refused.text);
        assert_eq!(code(&refused), "IDEMPOTENCY_KEY_INVALID");
    }
    let refused = send(order(&app, MAYA, "k", &"x".repeat(300_000))).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.text);
    assert_eq!(code(&refused), "IDEMPOTENCY_ANSWER_TOO_LARGE");
    assert_eq!(
        orders(&pair, "refused").await + orders(&pair, &"x".repeat(300_000)).await,
        0
    );
}

#[tokio::test]
async fn answers_are_kept_for_a_day() {
    let pair = Pair::empty().await;
    let app = App::over_shop(&pair).await;
    send(order(&app, MAYA, "k", "a lamp")).await.done();
    let old = pair.connect_old().await;
    let yesterday = "update crossfade.answers set at = at - interval '25 hours'";
    old.batch_execute(yesterday).await.expect("an old answer");
    assert!(!send(order(&app, MAYA, "k", "two lamps")).await.done().replayed);
    old.batch_execute(yesterday).await.expect("an old answer");
    // Another server cleans up when it is first asked.
    let other = App::start(&pair.old_url().await, &pair.new_url().await).await;
    send(order(&other, MAYA, "k2", "a lamp")).await.done();
    eventually("what is too old is gone", async || {
        let row = old.query_one("select count(*) from crossfade.answers", &[]).await;
        row.expect("a count").get::<_, i64>(0) == 1
    })
    .await;
}

#[tokio::test]
async fn a_repeated_answer_says_whether_new_has_the_write_now() {
    let pair = Pair::empty().await;
    let direct = pair.new_url().await;
    let proxy = Proxy::before_url(&direct).await;
    let app = App::over_shop_at(&pair, &proxy.url(&direct)).await;
    app.migrate_everyone().await;
    proxy.set(Network::Refusing);
    let first = send(order(&app, ANYONE, "k", "a lamp")).await.done();
    assert_eq!(first.mirror.as_deref(), Some("pending"));
    let again = send(order(&app, ANYONE, "k", "a lamp")).await.done();
    assert_eq!((again.mirror.as_deref(), again.replayed), (Some("pending"), true));
    proxy.set(Network::Good);
    eventually("the repeated answer says applied", async || {
        let again = send(order(&app, ANYONE, "k", "a lamp")).await.done();
        again.mirror.as_deref() == Some("applied")
    })
    .await;
}

#[tokio::test]
async fn before_any_migration_has_begun_keys_count_too() {
    let pair = Pair::empty().await;
    pair.open_shop().await;
    let app = App::start(&pair.old_url().await, &pair.new_url().await).await;
    let first = send(order(&app, MAYA, "k", "a lamp")).await.done();
    let direct = databases(&pair.old_url().await, &pair.new_url().await);
    install(&direct, Side::Old)
        .await
        .expect("capture beside the record of answers");
    let again = send(order(&app, MAYA, "k", "a lamp")).await.done();
    assert_eq!((again.text, again.replayed), (first.text, true));
    assert_eq!(orders(&pair, "a lamp").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_whose_server_was_killed_between_commit_and_answer_gets_the_answer_and_no_second_row() {
    let pair = Pair::empty().await;
    pair.open_shop().await;
    Migration::begin(&pair).await.crossfade.stop().await;
    let direct = pair.new_url().await;
    let proxy = Proxy::before_url(&direct).await;
    let rules = ["postgres-migration.yaml", "context.yaml"].map(|name| {
        let text = std::fs::read_to_string(repository().join("rules").join(name)).expect("rules");
        text.replace("default: user-groups", "default: migrated")
    });
    let rules = [rules[0].as_str(), rules[1].as_str()];
    let patient = Duration::from_mins(1);
    let mut server = ServerProcess::start(rules, pair.old_url().await, proxy.url(&direct), patient).await;
    let client = reqwest::Client::new();
    let place = |server: &ServerProcess| {
        client
            .post(format!("{}/data/orders", server.url()))
            .header("baggage", ANYONE)
            .header("idempotency-key", "k")
            .header("prefer", "return=representation")
            .json(&json!({ "customer_id": 123, "note": "once" }))
    };
    // It answers only when new has the write; new is silent.
    proxy.set(Network::Silent);
    let lost = tokio::spawn(place(&server).send());
    eventually("the write is committed", async || {
        orders(&pair, "once").await == 1
    })
    .await;
    server.kill().await;
    assert!(lost.await.expect("a task that ends").is_err(), "it was answered");
    proxy.set(Network::Good);
    server.kill_and_start().await;
    let answer = Answer::of(place(&server)).await.done();
    assert!(answer.replayed);
    let id = pair
        .connect_old()
        .await
        .query_one("select id from orders where note = 'once'", &[])
        .await
        .expect("exactly one row")
        .get::<_, i64>(0);
    assert_eq!(answer.json()[0]["id"], id);
}
