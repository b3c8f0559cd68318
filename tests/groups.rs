//! Each group of users is served as the rules say, over HTTP: reads from old or new, writes to old or to both.

use reqwest::Method;
use serde_json::json;

use crate::support::app::App;
use crate::support::databases::Pair;
use crate::support::migration::{eventually, rows};

const TESTER: &str = "user_id=123,country=US,subscription=free";
const CUSTOMER: &str = "user_id=900,country=FR,subscription=enterprise";

/// A Pro user in India whom the rollout of a quarter leaves out or lets in; the rules decide which.
fn pro(number: u32) -> String {
    format!("user_id=pro-{number},country=IN,subscription=pro")
}

#[tokio::test]
async fn a_tester_reads_from_new_and_everyone_else_from_old() {
    let pair = Pair::empty().await;
    let app = App::over_shop(&pair).await;
    // The row is made to differ behind everyone's back, to tell which database answered.
    let new = pair.connect_new().await;
    new.batch_execute("update products set name = 'from new' where sku = 'SKU-0001'")
        .await
        .expect("an update");

    let product = "/data/products?sku=eq.SKU-0001&select=name";
    let tester = app.get(product, TESTER).await.done();
    assert_eq!(tester.json(), json!([{ "name": "from new" }]));
    assert_eq!(tester.side.as_deref(), Some("new"));
    for customer in [CUSTOMER, "user_id=456789", ""] {
        let answer = app.get(product, customer).await.done();
        assert_ne!(answer.json(), json!([{ "name": "from new" }]), "{customer}");
        assert_eq!(answer.side.as_deref(), Some("old"), "{customer}");
    }
}

#[tokio::test]
async fn a_write_of_a_migrated_user_is_in_both_databases_when_it_is_answered() {
    let pair = Pair::empty().await;
    let app = App::over_shop(&pair).await;
    app.edit_rules("    rollout: 25%\n", "");
    let new = pair.connect_new().await;
    eventually("all Pro users in India are migrated", async || {
        let context = json!({ "targetingKey": "anyone", "country": "IN", "subscription": "pro" });
        app.evaluate("write", context).await.json()["value"] == true
    })
    .await;
    for number in 0..20 {
        let body = json!({ "sku": format!("NEW-{number}"), "name": "Cup", "price": 3.5, "in_stock": 1 });
        let answer = app
            .send(Method::POST, "/data/products", &pro(number), body)
            .await
            .done();
        assert_eq!(answer.mirror.as_deref(), Some("applied"));
        let there = format!("select name, price from products where sku = 'NEW-{number}'");
        assert_eq!(
            rows(&new, &there).await,
            ["(Cup,3.50)"],
            "answered before new had it"
        );
    }
}

#[tokio::test]
async fn a_write_of_anyone_else_is_in_old_until_the_workers_bring_it_to_new() {
    let pair = Pair::empty().await;
    let app = App::over_shop(&pair).await;
    let (old, new) = (pair.connect_old().await, pair.connect_new().await);
    old.batch_execute("update crossfade.migration set paused = true")
        .await
        .expect("paused workers");
    let body = json!({ "status": "shipped" });
    let answer = app
        .send(Method::PATCH, "/data/orders?id=eq.1", CUSTOMER, body)
        .await
        .done();
    assert_eq!(answer.mirror, None, "nobody asked for a mirror");
    let status = "select status from orders where id = 1";
    assert_eq!(rows(&old, status).await, ["(shipped)"]);
    assert_ne!(rows(&new, status).await, ["(shipped)"]);

    old.batch_execute("update crossfade.migration set paused = false")
        .await
        .expect("running workers");
    eventually("the workers bring it to new", async || {
        rows(&new, status).await == ["(shipped)"]
    })
    .await;
}

#[tokio::test]
async fn a_user_sees_an_own_write_at_once_wherever_it_is_read() {
    let pair = Pair::empty().await;
    let app = App::over_shop(&pair).await;
    for round in 0..30 {
        let note = format!("round {round}");
        app.send(
            Method::PATCH,
            "/data/orders?id=eq.2",
            TESTER,
            json!({ "note": note }),
        )
        .await
        .done();
        let answer = app.get("/data/orders?id=eq.2&select=note", TESTER).await.done();
        assert_eq!(
            answer.json(),
            json!([{ "note": note }]),
            "served from {:?}",
            answer.side
        );
    }
}
