//! The ground that the other tests stand on holds: databases of one's own, a shop, a network that can be broken.

use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::NoTls;

use crate::support::databases::Pair;
use crate::support::proxy::{Network, Proxy};

const SHORT: Duration = Duration::from_millis(200);
const LONG: Duration = Duration::from_secs(20);

#[tokio::test]
async fn the_shop_is_full_in_old_and_empty_in_new() {
    let pair = Pair::empty().await;
    pair.open_shop().await;
    let count = "select count(*) from customers where id in (123, 456, 789, 900)";
    let people: i64 = pair
        .connect_old()
        .await
        .query_one(count, &[])
        .await
        .expect(count)
        .get(0);
    assert_eq!(people, 4);
    let lines = "select count(*) from order_lines";
    let lines_in_old: i64 = pair
        .connect_old()
        .await
        .query_one(lines, &[])
        .await
        .expect(lines)
        .get(0);
    let lines_in_new: i64 = pair
        .connect_new()
        .await
        .query_one(lines, &[])
        .await
        .expect(lines)
        .get(0);
    assert!(lines_in_old > 2_000, "{lines_in_old}");
    assert_eq!(lines_in_new, 0);
}

#[tokio::test]
async fn a_network_can_be_slow_silent_broken_and_good_again() {
    let pair = Pair::empty().await;
    let direct = pair.old_url().await;
    let proxy = Proxy::before_url(&direct).await;
    let connect = async || {
        let (client, connection) = tokio_postgres::connect(&proxy.url(&direct), NoTls).await?;
        tokio::spawn(connection);
        Ok::<_, tokio_postgres::Error>(client)
    };
    let client = connect().await.expect("a connection through the proxy");
    client.simple_query("select 1").await.expect("an answer");

    proxy.set(Network::Slow(SHORT));
    let started = std::time::Instant::now();
    client.simple_query("select 1").await.expect("a slow answer");
    assert!(
        started.elapsed() >= 2 * SHORT,
        "there and back, each that much later"
    );

    proxy.set(Network::Silent);
    let waiting = client.simple_query("select 1");
    tokio::pin!(waiting);
    timeout(SHORT, &mut waiting).await.expect_err("no answer");
    proxy.set(Network::Good);
    timeout(LONG, waiting)
        .await
        .expect("an answer in the end")
        .expect("and a good one");

    proxy.break_connections();
    timeout(LONG, client.simple_query("select 1"))
        .await
        .expect("an end")
        .expect_err("a broken connection");
    let client = connect().await.expect("a new connection");
    proxy.set(Network::Refusing);
    timeout(LONG, client.simple_query("select 1"))
        .await
        .expect("an end")
        .expect_err("a broken connection");
    assert!(
        timeout(LONG, connect()).await.expect("an end").is_err(),
        "new connections are refused"
    );
}
