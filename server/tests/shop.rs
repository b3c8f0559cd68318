//! The example backend, `examples/shop`, on two real clusters: what a web application that embeds Crossfade gets.

#![expect(
    clippy::expect_used,
    reason = "a test whose surroundings fail should fail and say where"
)]

#[path = "../examples/shop/backend.rs"]
mod backend;

use actix_web::web::ThinData;
use actix_web::{App, HttpServer};
use crossfade::cluster::{Cluster, Options};
use crossfade::databases::{Databases, PoolOptions, Side};
use crossfade::flags::{Flags, Route};
use crossfade::routing::{Crossfade, CrossfadeOptions};
use crossfade::sync::journal::{backfill, install};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

const TABLES: &str = include_str!("../src/cli/demo/shop.sql");
const ROWS: &str = "
    insert into customers (id, name, email, country) values (123, 'Maya Miller', 'maya@shop.example', 'US');
    insert into orders (id, customer_id, note) values (1, 123, 'the first');
    alter table orders alter id restart with 2;";

/// The shop, open.
struct Shop {
    url: String,
    client: Client,
    flags: Flags,
    crossfade: Crossfade,
    old: Cluster,
    new: Cluster,
}

const DATABASE: &str = "shop";

impl Shop {
    async fn open() -> Self {
        let start = async || {
            let cluster = Cluster::start(Options::fast().template(env!("CARGO_TARGET_TMPDIR"))).await;
            let cluster = cluster.expect("a cluster");
            cluster.create_database(DATABASE).await.expect("a database");
            let client = cluster.connect(DATABASE).await.expect("a connection");
            client.batch_execute(TABLES).await.expect("tables");
            (cluster, client)
        };
        let (old, filling) = start().await;
        let (new, _) = start().await;
        filling.batch_execute(ROWS).await.expect("rows");
        let url = |cluster: &Cluster| cluster.url(DATABASE).parse().expect("a URL");
        let databases = Databases::new(&url(&old), &url(&new), PoolOptions::default());
        install(&databases, Side::Old).await.expect("capture");
        backfill(&databases, Side::Old, |_| {}).await.expect("a copy");
        let flags = Flags::fixed(Route::default());
        let crossfade = Crossfade::start(databases, flags.clone(), CrossfadeOptions::default()).await;
        let shared = crossfade.clone();
        let server = HttpServer::new(move || {
            App::new()
                .app_data(ThinData(shared.clone()))
                .configure(backend::routes)
        });
        let server = server.workers(2).disable_signals();
        let server = server.bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", server.addrs()[0]);
        tokio::spawn(server.run());
        Self {
            url,
            client: Client::new(),
            flags,
            crossfade,
            old,
            new,
        }
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.url))
            .header("baggage", "user_id=123,country=US");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status();
        let text = answer.text().await.expect("a body");
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    async fn count(&self, cluster: &Cluster) -> i64 {
        let client = cluster.connect(DATABASE).await.expect("a connection");
        let row = client.query_one("select count(*) from orders", &[]).await;
        row.expect("a count").get(0)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_backends_own_diesel_code_is_routed_mirrored_and_done_once() {
    let shop = Shop::open().await;
    let (status, maya) = shop.ask(Method::GET, "/customers/123", None, None).await;
    assert_eq!((status, &maya["name"]), (StatusCode::OK, &json!("Maya Miller")));
    let (status, _) = shop.ask(Method::GET, "/customers/5", None, None).await;
    assert_eq!(status, StatusCode::NOT_FOUND);

    shop.flags.fix(Route {
        write: true,
        read: true,
    });
    let wish = json!({ "note": "two lamps" });
    let mut placed = Vec::new();
    for _ in 0..2 {
        let path = "/customers/123/orders";
        let (status, order) = shop
            .ask(Method::POST, path, Some("lamps"), Some(wish.clone()))
            .await;
        assert_eq!(status, StatusCode::CREATED);
        placed.push(order);
    }
    assert_eq!(
        placed[0],
        json!({ "id": 2, "customer_id": 123, "note": "two lamps" })
    );
    assert_eq!(placed[0], placed[1]);
    assert_eq!((shop.count(&shop.old).await, shop.count(&shop.new).await), (2, 2));
    let other = json!({ "note": "three lamps" });
    let (status, _) = shop
        .ask(
            Method::POST,
            "/customers/123/orders",
            Some("lamps"),
            Some(other.clone()),
        )
        .await;
    assert_eq!(status, StatusCode::CONFLICT);

    let (status, changed) = shop.ask(Method::PATCH, "/orders/2", None, Some(other)).await;
    assert_eq!(
        (status, &changed["note"]),
        (StatusCode::OK, &json!("three lamps"))
    );
    let (_, orders) = shop.ask(Method::GET, "/customers/123/orders", None, None).await;
    assert_eq!(orders[1], changed);
    let (status, cancelled) = shop.ask(Method::DELETE, "/orders/1", None, None).await;
    assert_eq!((status, cancelled), (StatusCode::OK, json!(1)));
    assert_eq!((shop.count(&shop.old).await, shop.count(&shop.new).await), (1, 1));

    let reads = shop.crossfade.counts().snapshot().reads;
    let of_new = reads
        .iter()
        .find(|(reason, _)| reason.side(Side::Old) == Side::New);
    assert_eq!(of_new.map(|(_, count)| *count), Some(1), "{reads:?}");
    shop.crossfade.stop().await;
}
