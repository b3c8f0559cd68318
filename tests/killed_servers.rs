//! Of several servers any may be killed and started again under load: nothing is lost, and no request fails on the others.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;

use crate::support::databases::Pair;
use crate::support::migration::{Migration, eventually, rows};
use crate::support::server_process::ServerProcess;

const CONTEXT: &str = "attributes:\n  user_id: { type: string }\n";

const EVERYONE: &str = "\
feature: migration
variables: { write: { type: boolean }, read: { type: boolean } }
variations: { both: { write: true, read: true } }
default: both
";

/// How often each of the servers is killed.
const ROUNDS: usize = 2;

/// Writes to a server that nobody kills until it is told to stop; how many were acknowledged.
async fn load(url: &str, user: u64, stop: &AtomicBool, acknowledged: &AtomicU64) {
    let client = reqwest::Client::new();
    while !stop.load(Ordering::Relaxed) {
        let write = client
            .post(format!("{url}/data/orders"))
            .header("baggage", format!("user_id={user}"));
        let answer = write
            .json(&json!({ "customer_id": 1 }))
            .send()
            .await
            .expect("an answer");
        assert_eq!(
            answer.status(),
            201,
            "{}",
            answer.text().await.unwrap_or_default()
        );
        acknowledged.fetch_add(1, Ordering::Relaxed);
        let read = client
            .get(format!("{url}/data/orders?limit=1"))
            .header("baggage", format!("user_id={user}"));
        let answer = read.send().await.expect("an answer");
        assert_eq!(
            answer.status(),
            200,
            "{}",
            answer.text().await.unwrap_or_default()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_and_started_again_in_turn_servers_lose_nothing_and_fail_nobody_else() {
    let pair = Pair::empty().await;
    pair.open_shop().await;
    let migration = Migration::begin(&pair).await;
    let (old_url, new_url) = (pair.old_url().await, pair.new_url().await);
    let mut servers = Vec::new();
    for _ in 0..3 {
        let started = ServerProcess::start(
            [EVERYONE, CONTEXT],
            old_url.clone(),
            new_url.clone(),
            Duration::from_secs(1),
        );
        servers.push(started.await);
    }
    let before: u64 = count(&migration).await;
    let acknowledged = AtomicU64::new(0);
    for round in 0..ROUNDS * servers.len() {
        let killed = round % servers.len();
        let urls: Vec<String> = servers.iter().map(ServerProcess::url).collect();
        let others = urls.iter().zip(0_u64..).filter(|(url, _)| **url != urls[killed]);
        let stop = AtomicBool::new(false);
        let loads = others.map(|(url, user)| load(url, user, &stop, &acknowledged));
        let killing = async {
            servers[killed].kill_and_start().await;
            stop.store(true, Ordering::Relaxed);
        };
        futures_util::future::join(futures_util::future::join_all(loads), killing).await;
    }
    let acknowledged = acknowledged.load(Ordering::Relaxed);
    assert!(acknowledged > 0, "there was no load");
    assert_eq!(count(&migration).await - before, acknowledged);
    migration.drain().await;
    eventually("both databases are equal", async || {
        let (old, new) = migration.both("select * from orders order by id").await;
        old == new
    })
    .await;
}

async fn count(migration: &Migration) -> u64 {
    let rows = rows(&migration.old, "select count(*) from orders").await;
    let number = rows[0].trim_matches(['(', ')']);
    number.parse().expect("a number")
}
