//! An operator with nothing but HTTP leads a migration from its start to old's retirement, and sees it as it goes.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::{Answer, App};
use crate::support::databases::Pair;
use crate::support::migration::eventually;

/// A server over a shop that nothing was done about yet; new has its tables.
async fn untouched() -> (Pair, App) {
    let pair = Pair::empty().await;
    pair.open_shop().await;
    let app = App::start(&pair.old_url().await, &pair.new_url().await).await;
    (pair, app)
}

async fn command(app: &App, name: &str, order: Value) -> Answer {
    let path = format!("/api/v1/migration/{name}");
    Answer::of(app.request(Method::POST, &path, "").json(&order)).await
}

/// Gives a command, which must be taken, and waits for its end; what came of it.
async fn done(app: &App, name: &str) -> Value {
    let begun = command(app, name, json!({ "author": "ada", "reason": "CHG-7" })).await;
    assert_eq!(begun.status, 202, "{name}: {}", begun.text);
    assert_eq!(begun.json()["command"], name);
    ended(app, name).await
}

async fn ended(app: &App, name: &str) -> Value {
    eventually(&format!("{name} has ended"), async || {
        job(app).await["state"] != "running"
    })
    .await;
    let job = job(app).await;
    assert_eq!(job["state"], "done", "{name}: {job}");
    job["result"].clone()
}

async fn job(app: &App) -> Value {
    app.get("/api/v1/migration/job", "").await.done().json()
}

async fn overview(app: &App) -> Value {
    app.get("/api/v1/overview", "").await.done().json()
}

async fn verify(app: &App) {
    let begun = app
        .send(Method::POST, "/api/v1/migration/verify", "", json!({}))
        .await;
    assert_eq!(begun.status, 202, "{}", begun.text);
    let report = ended(app, "verify").await;
    assert_eq!(report["clean"], true, "{report}");
}

async fn is_at(app: &App, stage: &str) {
    eventually(&format!("the server is at {stage}"), async || {
        overview(app).await["data"]["stage"] == stage
    })
    .await;
}

/// The gate of this name in a plan or a refusal.
fn verdict(gates: &Value, name: &str) -> Value {
    let gates = gates.as_array().expect("gates");
    let gate = gates.iter().find(|gate| gate["name"] == name);
    gate.unwrap_or_else(|| panic!("no gate {name} in {gates:?}"))["verdict"].clone()
}

#[tokio::test]
async fn a_migration_is_led_from_start_to_end_and_each_step_is_recorded() {
    let (pair, app) = untouched().await;
    let started = done(&app, "start").await;
    assert!(
        started["copied"]
            .as_array()
            .is_some_and(|tables| !tables.is_empty()),
        "{started}"
    );
    is_at(&app, "syncing").await;

    app.migrate_everyone().await;
    app.edit_rules("serve: testing-groups", "serve: migrated");
    verify(&app).await;
    eventually("the server runs what was edited", async || {
        let plan = command(&app, "switch", json!({ "dry_run": true }))
            .await
            .done()
            .json();
        plan["open"] == true
    })
    .await;
    let turned = done(&app, "switch").await;
    assert_eq!(turned["primary"], "new", "{turned}");
    is_at(&app, "switched").await;
    let order = json!({ "customer_id": 1 });
    app.send(Method::POST, "/data/orders", "user_id=900", order)
        .await
        .done();

    let back = done(&app, "rollback").await;
    assert_eq!(back["primary"], "old", "{back}");
    is_at(&app, "syncing").await;
    verify(&app).await;
    done(&app, "switch").await;
    is_at(&app, "switched").await;

    let refused = command(&app, "complete", json!({})).await;
    assert_eq!(
        (refused.status.as_u16(), refused.json()["code"].as_str()),
        (409, Some("GATES_CLOSED"))
    );
    verify(&app).await;
    let completed = done(&app, "complete").await;
    let events = completed["report"]["events"].as_array().expect("events").clone();
    let switch = events
        .iter()
        .find(|event| event["what"] == "switch")
        .expect("the switch");
    assert_eq!((&switch["who"], &switch["why"]), (&json!("ada"), &json!("CHG-7")));
    assert!(
        completed["markdown"]
            .as_str()
            .is_some_and(|text| text.contains("CHG-7")),
        "{completed}"
    );
    is_at(&app, "completed").await;

    let audit = app.get("/api/v1/audit", "").await.done().json();
    let actions: Vec<&str> = audit
        .as_array()
        .expect("entries")
        .iter()
        .filter_map(|entry| entry["action"].as_str())
        .collect();
    assert_eq!(
        actions,
        [
            "migrate complete",
            "migrate switch",
            "migrate rollback",
            "migrate switch",
            "migrate start"
        ]
    );
    let left = pair.connect_old().await;
    let row = left
        .query_one("select to_regclass('crossfade.journal') is null", &[])
        .await
        .expect("a row");
    assert!(row.get::<_, bool>(0), "nothing of Crossfade is left");
}

#[tokio::test]
async fn a_command_that_is_refused_says_which_gates_are_closed_and_does_nothing() {
    let (_pair, app) = untouched().await;
    let early = command(&app, "switch", json!({})).await;
    assert_eq!(
        (early.status.as_u16(), early.json()["code"].as_str()),
        (409, Some("WRONG_STAGE")),
        "{}",
        early.text
    );
    let plan = command(&app, "switch", json!({ "dry_run": true }))
        .await
        .done()
        .json();
    assert_eq!(
        (&plan["open"], verdict(&plan["gates"], "stage")),
        (&json!(false), json!("closed"))
    );

    let plan = command(&app, "start", json!({ "dry_run": true }))
        .await
        .done()
        .json();
    assert_eq!(plan["open"], true, "{plan}");
    assert!(
        plan["steps"]
            .as_str()
            .is_some_and(|steps| steps.contains("crossfade_insert")),
        "{plan}"
    );
    assert_eq!(job(&app).await, Value::Null, "a plan is no job");
    is_at(&app, "idle").await;

    done(&app, "start").await;
    is_at(&app, "syncing").await;
    let refused = command(&app, "switch", json!({ "reason": "too early" })).await;
    let told = refused.json();
    assert_eq!(
        (refused.status.as_u16(), told["code"].as_str()),
        (409, Some("GATES_CLOSED")),
        "{told}"
    );
    assert_eq!(verdict(&told["details"], "rules"), "closed");
    assert_eq!(verdict(&told["details"], "verification"), "closed");
    assert_eq!(verdict(&told["details"], "journal"), "open");
    assert_eq!(overview(&app).await["data"]["stage"], "syncing");

    assert_eq!(done(&app, "pause").await, json!({ "paused": true }));
    let plan = command(&app, "switch", json!({ "dry_run": true }))
        .await
        .done()
        .json();
    assert_eq!(verdict(&plan["gates"], "mirrors"), "closed");
    assert_eq!(done(&app, "resume").await, json!({ "paused": false }));
    assert_eq!(done(&app, "abort").await, json!({ "aborted": true }));
    is_at(&app, "idle").await;

    let unknown = command(&app, "start", json!({ "dryrun": true })).await;
    assert_eq!(unknown.status, 400, "{}", unknown.text);
}

#[tokio::test]
async fn work_goes_on_when_whoever_asked_has_left_and_others_see_it() {
    let (_pair, app) = untouched().await;
    let events = app.request(Method::GET, "/api/v1/overview/events", "");
    let mut events = events.send().await.expect("a stream");
    // Whoever asks leaves at once.
    let asked = command(&app, "start", json!({ "author": "ada" }));
    drop(tokio::time::timeout(std::time::Duration::from_millis(1), asked).await);
    drop(command(&app, "start", json!({ "author": "ada" })).await);
    let mut heard = String::new();
    while !heard.contains("\"stage\":\"syncing\"") || !heard.contains("\"state\":\"done\"") {
        let chunk = events
            .chunk()
            .await
            .expect("a chunk")
            .expect("the stream goes on");
        heard.push_str(&String::from_utf8_lossy(&chunk));
    }
    assert!(
        heard.starts_with("retry: 1000\n\nevent: overview\ndata: {"),
        "{heard}"
    );
    is_at(&app, "syncing").await;
}

#[tokio::test]
async fn the_overview_tells_what_went_where() {
    let pair = Pair::empty().await;
    let app = App::over_shop(&pair).await;
    app.migrate_everyone().await;
    let order = json!({ "customer_id": 1 });
    app.send(Method::POST, "/data/orders", "user_id=900", order)
        .await
        .done();
    app.get("/data/orders?limit=1", "user_id=901").await.done();
    let seen = overview(&app).await;
    assert_eq!(seen["data"]["writes"]["applied"], 1, "{seen}");
    assert_eq!(seen["data"]["record"]["stage"], "syncing", "{seen}");
    let reads: u64 = seen["data"]["reads"]
        .as_array()
        .expect("reads")
        .iter()
        .filter_map(|read| read["count"].as_u64())
        .sum();
    assert_eq!(reads, 1, "{seen}");
    assert!(
        !seen["data"]["old"]
            .as_str()
            .expect("a place")
            .contains("postgres:postgres"),
        "no password"
    );
    eventually("a sample saw it", async || {
        let seen = overview(&app).await;
        let samples = seen["samples"].as_array().expect("samples");
        samples.iter().any(|sample| {
            sample["writes"]["applied"]
                .as_f64()
                .is_some_and(|rate| rate > 0.0)
        })
    })
    .await;
}
