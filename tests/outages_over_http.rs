//! New stops in the middle of HTTP traffic: no request fails, and afterwards every row is equal.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crossfade::cluster::Stop;
use reqwest::Method;
use serde_json::json;

use crate::support::app::App;
use crate::support::compare::assert_every_row_equal;
use crate::support::databases::Pair;
use crate::support::migration::eventually;

const CUSTOMERS: u64 = 4;

#[tokio::test(flavor = "multi_thread")]
async fn no_request_fails_while_new_is_down_and_every_row_is_equal_when_it_is_back() {
    let mut pair = Pair::with_own_new().await;
    let app = App::over_shop(&pair).await;
    app.migrate_everyone().await;
    let (closing, done) = (AtomicBool::new(false), AtomicU64::new(0));
    let customer = async |number: u64| {
        let baggage = format!("user_id={number},country=FR");
        while !closing.load(Ordering::Relaxed) {
            let order = json!({ "customer_id": number, "note": "over HTTP" });
            let placed = app
                .request(Method::POST, "/data/orders", &baggage)
                .header("prefer", "return=representation");
            let placed = crate::support::app::Answer::of(placed.json(&order))
                .await
                .done()
                .json();
            let path = format!("/data/orders?id=eq.{}", placed[0]["id"]);
            app.send(Method::PATCH, &path, &baggage, json!({ "status": "paid" }))
                .await
                .done();
            let seen = app.get(&path, &baggage).await.done();
            assert_eq!(seen.json()[0]["status"], "paid", "from {:?}", seen.side);
            done.fetch_add(1, Ordering::Relaxed);
        }
    };
    let goes_on = async |orders: u64| {
        let enough = done.load(Ordering::Relaxed) + orders;
        eventually("orders go on", async || done.load(Ordering::Relaxed) >= enough).await;
    };
    let script = async {
        goes_on(20).await;
        pair.own_new().stop(Stop::Immediate).await.expect("new stops");
        goes_on(40).await;
        pair.own_new().start_again().await.expect("new starts again");
        goes_on(20).await;
        closing.store(true, Ordering::Relaxed);
    };
    tokio::join!(
        script,
        futures_util::future::join_all((1..=CUSTOMERS).map(customer))
    );

    let old = pair.connect_old().await;
    eventually("the journal is empty", async || {
        let row = old
            .query_one("select count(*) from crossfade.journal", &[])
            .await
            .expect("a count");
        row.get::<_, i64>(0) == 0
    })
    .await;
    assert_every_row_equal(&old, &pair.connect_new().await).await;
    app.stop().await;
}
