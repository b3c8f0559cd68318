//! Compare mode: reads that both databases are asked, and what is recorded when they differ.

use crossfade::routing::Comparison;
use crossfade::verify::DifferenceKind;
use reqwest::Method;
use serde_json::json;

use crate::support::app::App;
use crate::support::databases::Pair;
use crate::support::migration::eventually;
use crate::support::proxy::{Network, Proxy};

const MAYA: &str = "user_id=123,country=US";
const ANYONE: &str = "user_id=900,country=FR";

/// A server that compares every read.
async fn comparing(pair: &Pair, new_url: &str) -> App {
    App::over_shop_with(pair, new_url, |config| {
        config.compare = "100%".parse().expect("a share");
    })
    .await
}

fn count(app: &App, of: Comparison) -> u64 {
    let counts = app.crossfade().counts().snapshot();
    let found = counts
        .comparisons
        .iter()
        .find(|(comparison, _)| *comparison == of);
    found.map_or(0, |(_, count)| *count)
}

async fn comes_to(app: &App, of: Comparison, least: u64) {
    eventually(&format!("{of:?} comes to {least}"), async || {
        count(app, of) >= least
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_answers_of_both_sides_are_counted_whoever_answered() {
    let pair = Pair::empty().await;
    let app = comparing(&pair, &pair.new_url().await).await;
    for path in [
        "/data/orders?customer_id=eq.123&order=id&limit=5",
        "/data/order_lines?select=sku,amount&order=order_id.desc,line&limit=7&offset=2",
        "/data/customers?id=eq.0",
    ] {
        assert_eq!(app.get(path, MAYA).await.done().side.as_deref(), Some("new"));
        assert_eq!(app.get(path, ANYONE).await.done().side.as_deref(), Some("old"));
    }
    comes_to(&app, Comparison::Equal, 6).await;
    assert_eq!(app.crossfade().differences().all(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_differ_for_good_are_recorded_by_key_with_their_columns() {
    let pair = Pair::empty().await;
    let app = comparing(&pair, &pair.new_url().await).await;
    let spoil = "update customers set name = 'wrong' where id = 123; delete from order_lines where order_id = 1; \
                 insert into products (sku, name, price, in_stock) values ('SKU-9999', 'extra', 1, 1)";
    let new = pair.connect_new().await;
    new.batch_execute(spoil).await.expect("rows that differ");
    let path = "/data/customers?select=name&id=eq.123";
    assert_eq!(
        app.get(path, ANYONE).await.done().json()[0]["name"],
        "Maya Miller"
    );
    assert_eq!(app.get(path, MAYA).await.done().json()[0]["name"], "wrong");
    app.get("/data/order_lines?order_id=eq.1", ANYONE).await.done();
    app.get("/data/products?sku=eq.SKU-9999", MAYA).await.done();
    // Of more at once than are compared, some would be left out.
    comes_to(&app, Comparison::Different, 4).await;
    // A page of rows that are equal, though the table is not; ordered, since each database may choose its own order.
    app.get("/data/customers?id=lt.10&order=id", MAYA).await.done();
    comes_to(&app, Comparison::Equal, 1).await;

    let seen = app.crossfade().differences().all();
    let of = |table: &str| -> Vec<_> {
        let of_table = seen.iter().filter(|seen| seen.difference.table == table);
        of_table
            .map(|seen| {
                (
                    seen.difference.key.clone(),
                    seen.difference.kind.clone(),
                    seen.times,
                )
            })
            .collect()
    };
    let columns = vec!["name".to_owned()];
    let key = |values: &[&str]| -> Vec<String> { values.iter().map(ToString::to_string).collect() };
    assert_eq!(
        of("customers"),
        [(key(&["123"]), DifferenceKind::Different { columns }, 2)]
    );
    assert_eq!(of("products"), [(key(&["SKU-9999"]), DifferenceKind::Extra, 1)]);
    let lines = of("order_lines");
    assert!(!lines.is_empty());
    for (number, (line, kind, times)) in (1..).zip(lines) {
        assert_eq!(
            (line, kind, times),
            (key(&["1", &number.to_string()]), DifferenceKind::Missing, 1)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_only_on_its_way_is_no_difference() {
    let pair = Pair::empty().await;
    let app = comparing(&pair, &pair.new_url().await).await;
    let old = pair.connect_old().await;
    let pause = "update crossfade.migration set paused = true";
    old.batch_execute(pause).await.expect("workers that rest");
    let path = "/data/customers?id=eq.123";
    app.send(Method::PATCH, path, ANYONE, json!({ "name": "on its way" }))
        .await
        .done();
    app.get(path, ANYONE).await.done();
    comes_to(&app, Comparison::Pending, 1).await;
    assert_eq!(app.crossfade().differences().all(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_rows_in_another_order_are_no_difference() {
    let pair = Pair::empty().await;
    let app = comparing(&pair, &pair.new_url().await).await;
    // Rewritten rows go to the table's end on new alone.
    let rewrite = "update products set in_stock = in_stock where sku < 'SKU-0010'";
    let new = pair.connect_new().await;
    new.batch_execute(rewrite).await.expect("another order");
    app.get("/data/products?limit=20", ANYONE).await.done();
    comes_to(&app, Comparison::SameRows, 1).await;
    assert_eq!(app.crossfade().differences().all(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_the_comparison() {
    let pair = Pair::empty().await;
    let direct = pair.new_url().await;
    let proxy = Proxy::before_url(&direct).await;
    let app = comparing(&pair, &proxy.url(&direct)).await;
    proxy.set(Network::Silent);
    for _ in 0..10 {
        let answer = app.get("/data/orders?limit=1", ANYONE).await.done();
        assert_eq!(answer.side.as_deref(), Some("old"));
    }
    // They did not wait, and those past the bound were not even begun.
    assert!(count(&app, Comparison::Skipped) >= 6);
    assert_eq!(count(&app, Comparison::Equal), 0);
    proxy.set(Network::Refusing);
    comes_to(&app, Comparison::Failed, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rules_say_whose_reads_are_compared() {
    let pair = Pair::empty().await;
    let app = App::over_shop(&pair).await;
    app.edit_rules(
        "variables:\n",
        "variables:\n  compare: { type: boolean, description: Ask both databases }\n",
    );
    app.edit_rules(
        "{ write: false, read: false }",
        "{ write: false, read: false, compare: false }",
    );
    app.edit_rules(
        "{ write: false, read: true }",
        "{ write: false, read: true, compare: true }",
    );
    app.edit_rules(
        "{ write: true,  read: true }",
        "{ write: true,  read: true, compare: false }",
    );
    eventually("the rules have the variable", async || {
        let answer = app.evaluate("compare", json!({ "targetingKey": "123" })).await;
        answer.status.is_success() && answer.json()["value"] == true
    })
    .await;
    app.get("/data/orders?id=eq.1", ANYONE).await.done();
    app.get("/data/orders?id=eq.1", MAYA).await.done();
    comes_to(&app, Comparison::Equal, 1).await;
    assert_eq!(count(&app, Comparison::Equal), 1);
}
