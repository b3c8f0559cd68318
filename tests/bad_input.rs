//! Whatever a client sends, it gets a clear error with the right status, and the server goes on.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::app::{Answer, App};
use crate::support::databases::Pair;
use crate::support::migration::eventually;
use crate::support::proxy::{Network, Proxy};

const ANYONE: &str = "user_id=900,country=FR";

async fn goes_on(app: &App) {
    app.get("/data/orders?limit=1", ANYONE).await.done();
    app.evaluate("read", json!({ "targetingKey": "900" }))
        .await
        .done();
}

/// An error of `/data`: status, and a sentence that names what was wrong.
fn assert_refused(answer: &Answer, status: StatusCode, named: &str) {
    assert_eq!(answer.status, status, "{}", answer.text);
    let message = answer.json()["message"]
        .as_str()
        .map(str::to_owned)
        .unwrap_or_default();
    assert!(message.contains(named), "{named} is not named in {}", answer.text);
}

#[tokio::test]
async fn an_unknown_flag_is_not_found() {
    let pair = Pair::empty().await;
    let app = App::over_shop(&pair).await;
    let answer = app.evaluate("raed", json!({ "targetingKey": "123" })).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(answer.json()["errorCode"], "FLAG_NOT_FOUND");
    assert_eq!(answer.json()["key"], "raed");
    goes_on(&app).await;
}

#[tokio::test]
async fn an_evaluation_that_is_not_json_or_has_no_valid_context_is_a_bad_request() {
    let pair = Pair::empty().await;
    let app = App::over_shop(&pair).await;
    let url = format!("{}/ofrep/v1/evaluate/flags/read", app.base_url);
    for (body, code) in [
        ("{", "PARSE_ERROR"),
        ("[]", "INVALID_CONTEXT"),
        (r#"{"context": 7}"#, "INVALID_CONTEXT"),
    ] {
        let request = app
            .client
            .post(&url)
            .header("content-type", "application/json")
            .body(body);
        let answer = Answer::of(request).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}: {}", answer.text);
        assert_eq!(answer.json()["errorCode"], code, "{body}: {}", answer.text);
        assert!(answer.json()["errorDetails"].is_string(), "{}", answer.text);
    }
    goes_on(&app).await;
}

#[tokio::test]
async fn an_unknown_table_column_or_operator_is_named() {
    let pair = Pair::empty().await;
    let app = App::over_shop(&pair).await;
    for (path, status, named) in [
        ("/data/ordres", StatusCode::NOT_FOUND, "ordres"),
        ("/data/orders?stauts=eq.paid", StatusCode::BAD_REQUEST, "stauts"),
        ("/data/orders?select=id,stauts", StatusCode::BAD_REQUEST, "stauts"),
        ("/data/orders?order=stauts", StatusCode::BAD_REQUEST, "stauts"),
        ("/data/orders?id=equals.1", StatusCode::BAD_REQUEST, "equals"),
        ("/data/orders?id=eq.one", StatusCode::BAD_REQUEST, "one"),
        ("/data/orders?limit=many", StatusCode::BAD_REQUEST, "many"),
        ("/data/crossfade.journal", StatusCode::NOT_FOUND, "journal"),
    ] {
        assert_refused(&app.get(path, ANYONE).await, status, named);
    }
    goes_on(&app).await;
}

#[tokio::test]
async fn a_write_that_cannot_be_done_says_why_and_changes_nothing() {
    let pair = Pair::empty().await;
    let app = App::over_shop(&pair).await;
    let post = async |body: Value| app.send(Method::POST, "/data/orders", ANYONE, body).await;
    assert_refused(
        &post(json!({ "customer_id": 1, "colour": "red" })).await,
        StatusCode::BAD_REQUEST,
        "colour",
    );
    assert_refused(&post(json!("an order")).await, StatusCode::BAD_REQUEST, "");
    assert_refused(
        &post(json!({ "customer_id": -5 })).await,
        StatusCode::CONFLICT,
        "orders_customer_id_fkey",
    );
    assert_refused(
        &post(json!({ "id": 1, "customer_id": 1 })).await,
        StatusCode::CONFLICT,
        "orders_pkey",
    );
    assert_refused(
        &post(json!({ "customer_id": null })).await,
        StatusCode::BAD_REQUEST,
        "customer_id",
    );
    let not_json = app
        .request(Method::POST, "/data/orders", ANYONE)
        .header("content-type", "application/json");
    assert_refused(&Answer::of(not_json.body("{")).await, StatusCode::BAD_REQUEST, "");
    for method in [Method::PATCH, Method::DELETE] {
        let everything = app
            .send(method, "/data/orders", ANYONE, json!({ "note": "all" }))
            .await;
        assert_refused(&everything, StatusCode::BAD_REQUEST, "");
    }
    let old = pair.connect_old().await;
    let waiting = old
        .query_one("select count(*) from crossfade.journal", &[])
        .await
        .expect("a count");
    assert_eq!(waiting.get::<_, i64>(0), 0, "something was changed");
    goes_on(&app).await;
}

#[tokio::test]
async fn a_baggage_header_that_is_not_valid_is_a_bad_request() {
    let pair = Pair::empty().await;
    let app = App::over_shop(&pair).await;
    for baggage in ["user_id", "=123"] {
        let answer = app.get("/data/orders?limit=1", baggage).await;
        assert_eq!(
            answer.status,
            StatusCode::BAD_REQUEST,
            "{baggage}: {}",
            answer.text
        );
        assert!(answer.json()["message"].is_string(), "{}", answer.text);
    }
    goes_on(&app).await;
}

#[tokio::test]
async fn unknown_routes_and_methods_are_answered_in_json() {
    let pair = Pair::empty().await;
    let app = App::over_shop(&pair).await;
    let nowhere = app.get("/nowhere", ANYONE).await;
    assert_eq!(nowhere.status, StatusCode::NOT_FOUND);
    nowhere.json();
    let method = app.get("/ofrep/v1/evaluate/flags", ANYONE).await;
    assert_eq!(method.status, StatusCode::METHOD_NOT_ALLOWED);
    method.json();
    goes_on(&app).await;
}

#[tokio::test]
async fn databases_that_do_not_answer_make_requests_fail_clearly_and_flags_go_on() {
    let nowhere = "postgres://nobody@127.0.0.1:1/nothing";
    let app = App::start(nowhere, nowhere).await;
    for _ in 0..2 {
        let answer = app.get("/data/orders?limit=1", ANYONE).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.text);
        assert_eq!(answer.json()["code"], "PGRST000", "{}", answer.text);
        app.evaluate("read", json!({ "targetingKey": "123" }))
            .await
            .done();
    }
    app.get("/health/live", "").await.done();
    let ready = app.get("/health/ready", "").await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE, "{}", ready.text);
    assert_eq!(ready.json()["reason"], "the old database does not answer");
    assert!(ready.json()["rules"]["version"].is_string(), "{}", ready.text);
}

#[tokio::test]
async fn a_server_is_ready_while_old_answers_whatever_becomes_of_new() {
    let pair = Pair::empty().await;
    pair.open_shop().await;
    let direct = pair.old_url().await;
    let proxy = Proxy::before_url(&direct).await;
    let nowhere = "postgres://nobody@127.0.0.1:1/nothing";
    let app = App::start(&proxy.url(&direct), nowhere).await;
    app.get("/health/ready", "").await.done();
    proxy.set(Network::Refusing);
    let status = async || app.get("/health/ready", "").await.status;
    eventually("the server is not ready without old", async || {
        status().await == StatusCode::SERVICE_UNAVAILABLE
    })
    .await;
    proxy.set(Network::Good);
    eventually("the server is ready again", async || {
        status().await == StatusCode::OK
    })
    .await;
}
