//! What `/metrics` says of requests and of the migration is what happened.

use reqwest::Method;
use serde_json::json;

use crate::support::app::App;
use crate::support::databases::Pair;
use crate::support::migration::eventually;

async fn has(app: &App, line: &str) -> bool {
    let metrics = app.get("/metrics", "").await.done();
    metrics.text.lines().any(|found| found == line)
}

#[tokio::test]
async fn reads_and_writes_are_counted_by_side_and_reason_and_both_databases_timed() {
    let pair = Pair::empty().await;
    let app = App::over_shop(&pair).await;
    app.migrate_everyone().await;
    let order = json!({ "customer_id": 1 });
    let write = app
        .send(Method::POST, "/data/orders", "user_id=900", order)
        .await
        .done();
    assert_eq!(write.mirror.as_deref(), Some("applied"));
    app.get("/data/orders?limit=1", "user_id=901").await.done();
    for line in [
        "crossfade_writes_total{side=\"old\",mirror=\"applied\"} 1",
        "crossfade_database_seconds_count{side=\"old\",work=\"write\"} 1",
        "crossfade_database_seconds_count{side=\"new\",work=\"mirror\"} 1",
        "crossfade_stage{stage=\"syncing\"} 1",
        "crossfade_stage{stage=\"idle\"} 0",
        "crossfade_copied 1",
        "crossfade_primary_up 1",
        "crossfade_circuit_open 0",
    ] {
        assert!(has(&app, line).await, "{line}");
    }
    let metrics = app.get("/metrics", "").await.text;
    let reads: u64 = metrics
        .lines()
        .filter(|line| line.starts_with("crossfade_reads_total{"))
        .filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok())
        .sum();
    assert_eq!(reads, 1);
    eventually("nothing is pending", async || {
        has(&app, "crossfade_pending_entries 0").await
    })
    .await;
}

#[tokio::test]
async fn what_waits_in_the_journal_is_told_with_its_age() {
    let pair = Pair::empty().await;
    let app = App::over_shop(&pair).await;
    let old = pair.connect_old().await;
    let pause = "update crossfade.migration set paused = true";
    old.batch_execute(pause).await.expect("the record");
    eventually("an entry waits", async || {
        let change = "update customers set name = name where id = 1";
        old.batch_execute(change).await.expect("a change");
        let metrics = app.get("/metrics", "").await.text;
        let value = |name: &str| -> f64 {
            let line = metrics
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.and_then(|value| value.parse().ok()).unwrap_or(0.0)
        };
        value("crossfade_pending_entries") > 0.0 && value("crossfade_pending_oldest_seconds") > 0.0
    })
    .await;
}
