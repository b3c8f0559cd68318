//! From idle to completed, back and forth on the way, under traffic through two servers and past them.

use std::collections::BTreeSet;

use crossfade::databases::Side;
use crossfade::sync::Transport;
use crossfade::sync::publish_subscribe::{Direction, drained};

use super::stage::{Stage, number};
use super::traffic::Traffic;
use crate::support::app::App;
use crate::support::compare::assert_every_row_equal;
use crate::support::migration::{PATIENCE, eventually};

const CLIENTS: u64 = 16;
const DIRECT: u64 = 2;

#[tokio::test(flavor = "multi_thread")]
async fn no_request_fails_and_no_row_differs_while_the_primary_changes_three_times() {
    goes_there_and_back_and_there_again(Transport::Journal).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_holds_where_postgresql_itself_carries_the_changes() {
    goes_there_and_back_and_there_again(Transport::PublishSubscribe).await;
}

async fn goes_there_and_back_and_there_again(transport: Transport) {
    let stage = Stage::started_by(transport).await;
    let (old_url, new_url) = (stage.pair.old_url().await, stage.pair.new_url().await);
    let servers = [
        App::start(&old_url, &new_url).await,
        App::start(&old_url, &new_url).await,
    ];
    for server in &servers {
        server.migrate_everyone().await;
    }
    let urls = servers.each_ref().map(|server| server.base_url.clone());
    let traffic = Traffic::start(&stage.pair, &urls, CLIENTS, DIRECT).await;
    let mut fences = Vec::new();

    more_requests(&traffic).await;
    stage.verify().await;
    let turned = stage.switch().await;
    assert_eq!((turned.primary, turned.epoch, turned.servers), (Side::New, 1, 2));
    fences.push(turned.fence_ms);
    more_requests(&traffic).await;
    stage.verify().await;

    fences.push(stage.roll_back().await.fence_ms);
    more_requests(&traffic).await;
    stage.verify().await;

    fences.push(stage.switch().await.fence_ms);
    more_requests(&traffic).await;
    stage.verify().await;
    assert_sequences_are_beyond_every_id(&stage).await;

    let account = traffic.stop().await;
    let failures = account.failures.lock().expect("no holder panics").clone();
    assert!(
        failures.is_empty(),
        "{} failures: {:#?}",
        failures.len(),
        &failures[..failures.len().min(5)]
    );
    eventually("nothing is pending", async || {
        number(&stage.new, "select count(*) from crossfade.journal").await == 0
    })
    .await;
    if transport == Transport::PublishSubscribe {
        drained(&stage.databases, Direction::NewToOld, PATIENCE)
            .await
            .expect("a stream that goes on");
    }
    assert_every_row_equal(&stage.old, &stage.new).await;

    let notes = account.notes.lock().expect("no holder panics").clone();
    assert_each_once(&stage, &notes).await;
    let worst = fences.iter().copied().fold(0.0, f64::max);
    println!(
        "{transport}: {} requests through two servers, 0 failed; {} orders acknowledged; {} direct writes sent to the other database; \
         writers waited for {fences:.1?} ms",
        account.requests(),
        notes.len(),
        account
            .refused_directly
            .load(std::sync::atomic::Ordering::Relaxed),
    );
    assert!(worst < 3_000.0, "a fence of {worst} ms");

    let (completed, report) = stage.complete().await;
    assert!(!completed.before);
    let report = report.expect("a report");
    assert_eq!(report.turns.len(), 3);
    println!("{}", report.to_markdown());
    assert_nothing_is_left(&stage).await;
    for server in &servers {
        let order = serde_json::json!({ "customer_id": 1, "note": "after the end" });
        server
            .send(reqwest::Method::POST, "/data/orders", "user_id=1", order)
            .await
            .done();
    }
    assert_eq!(
        number(
            &stage.new,
            "select count(*) from orders where note = 'after the end'"
        )
        .await,
        2
    );
    let again = stage.complete().await;
    assert!(again.0.before);
    for server in servers {
        server.stop().await;
    }
}

/// Waits until the traffic has made some more.
async fn more_requests(traffic: &Traffic) {
    let before = traffic.account.requests();
    eventually("some requests", async || {
        traffic.account.requests() > before + 300
    })
    .await;
}

async fn assert_each_once(stage: &Stage, notes: &[String]) {
    let rows = stage
        .new
        .query(
            "select note from orders where note like 'client %' or note like 'direct %'",
            &[],
        )
        .await
        .expect("the orders");
    let there: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let distinct: BTreeSet<&String> = there.iter().collect();
    assert_eq!(distinct.len(), there.len(), "some are there twice");
    let missing: Vec<&String> = notes.iter().filter(|note| !distinct.contains(note)).collect();
    assert!(
        missing.is_empty(),
        "{} are missing: {:?}",
        missing.len(),
        missing.first()
    );
    assert!(notes.len() > 100, "only {} orders", notes.len());
}

async fn assert_sequences_are_beyond_every_id(stage: &Stage) {
    for side in [Side::Old, Side::New] {
        let sql = "select (nextval(pg_get_serial_sequence('orders', 'id')) > (select max(id) from orders))::int::int8";
        if side == Side::New {
            assert_eq!(number(stage.client(side), sql).await, 1, "{side}");
        }
    }
}

async fn assert_nothing_is_left(stage: &Stage) {
    // The sessions from before were ended.
    let (old, new) = (stage.pair.connect_old().await, stage.pair.connect_new().await);
    for (side, client) in [("old", &old), ("new", &new)] {
        for left in [
            "select count(*) from pg_namespace where nspname like '%crossfade%'",
            "select count(*) from pg_trigger where tgname like '%crossfade%'",
            "select count(*) from pg_proc where proname like '%crossfade%'",
            "select count(*) from pg_publication where pubname like '%crossfade%'",
            "select count(*) from pg_subscription s join pg_database d on d.oid = s.subdbid \
             where d.datname = current_database() and s.subname like '%crossfade%'",
            "select count(*) from pg_replication_slots where database = current_database()",
        ] {
            assert_eq!(number(client, left).await, 0, "{side}: {left}");
        }
    }
    let refused = old
        .batch_execute("insert into orders (customer_id, note) values (1, 'too late')")
        .await;
    let refused = refused.expect_err("old takes no writes");
    assert_eq!(
        refused.code().map(tokio_postgres::error::SqlState::code),
        Some("25006"),
        "{refused:?}"
    );
}
