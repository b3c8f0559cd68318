//! A stream that is broken on purpose is seen, named, and mended by the way out that is told.

use std::time::Duration;

use crossfade::cluster::Stop;
use crossfade::databases::Side::{New, Old};
use crossfade::migration::schema::Section;
use crossfade::sync::publish_subscribe::{
    Limits, Markers, PublishSubscribeError, Rows, Watch, prepare, reserve, subscribe,
};

use super::super::support::migration::{PATIENCE, eventually};
use super::{FORTH, Servers, replicating};

const INSERT: &str = "insert into products (sku, name, price, in_stock) values ('same', 'x', 1, 1)";

#[tokio::test]
async fn a_row_in_the_way_is_named_and_removed() {
    let servers = Servers::with_shop().await;
    servers.stream().await;
    servers.run(New, INSERT).await;
    servers.run(Old, INSERT).await;
    let trouble = servers.is_in_trouble("row-in-the-way").await;
    assert!(
        trouble
            .message
            .contains("a row of its own in \"public\".\"products\" where \"sku\" = 'same'"),
        "{trouble}"
    );
    servers.take(&trouble.way_out).await;
    servers.ends_equal().await;
}

#[tokio::test]
async fn a_table_that_was_dropped_is_named_and_made_again() {
    let servers = Servers::with_shop().await;
    servers.stream().await;
    servers.run(New, "drop table products cascade").await;
    servers.run(Old, INSERT).await;
    let trouble = servers.is_in_trouble("table-missing").await;
    assert!(
        trouble
            .message
            .contains("no table \"public\".\"products\" any more"),
        "{trouble}"
    );
    // Its first and its last step are these commands.
    servers.carry_section(Section::BeforeCopy).await;
    servers.take(&trouble.way_out).await;
    servers.is_copied().await;
    servers.carry_section(Section::AfterCopy).await;
    servers.ends_equal().await;
}

#[tokio::test]
async fn a_copy_that_meets_rows_is_named_and_goes_on_without_them() {
    let servers = Servers::with_shop().await;
    servers
        .run(New, "insert into products (sku, name, price, in_stock) select 'sku' || n, 'x', 1, 1 from generate_series(1, 500) n; \
                   insert into customers (id, name, email, country) values (1, 'x', 'x', 'FR')")
        .await;
    prepare(&servers.databases, FORTH).await.expect("a publication");
    reserve(&servers.databases, FORTH).await.expect("a slot");
    subscribe(&servers.databases, FORTH, Rows::Copy)
        .await
        .expect("a subscription");
    let trouble = servers.is_in_trouble("copy-fails").await;
    assert!(trouble.message.contains("public.customers"), "{trouble}");
    servers.run(New, "truncate customers, products cascade").await;
    eventually("every table is copied", async || {
        // Tables that had been copied lost their rows with the others.
        servers.status().await.is_copied()
    })
    .await;
}

#[tokio::test]
async fn a_server_whose_slots_are_all_taken_is_told_by_whom() {
    let servers = Servers::start(replicating().set("max_replication_slots", "1"), replicating()).await;
    servers.open_shop().await;
    servers
        .run(
            Old,
            "select pg_create_logical_replication_slot('somebody_elses', 'pgoutput')",
        )
        .await;
    prepare(&servers.databases, FORTH).await.expect("a publication");
    let error = reserve(&servers.databases, FORTH).await.expect_err("no slot");
    assert!(
        matches!(&error, PublishSubscribeError::NoSlotLeft { limit: 1, idle, .. } if idle == "somebody_elses"),
        "{error}"
    );
    servers
        .run(Old, "select pg_drop_replication_slot('somebody_elses')")
        .await;
    // Now the stream has its slot, and the copies, which need one each, have none.
    reserve(&servers.databases, FORTH).await.expect("a slot");
    subscribe(&servers.databases, FORTH, Rows::Copy)
        .await
        .expect("a subscription");
    let trouble = servers.is_in_trouble("slots-taken").await;
    assert!(
        trouble.message.starts_with("all 1 slots of old are taken"),
        "{trouble}"
    );
    assert!(
        trouble.to_string().contains("set max_replication_slots = 5"),
        "{trouble}"
    );
}

#[tokio::test]
async fn a_subscriber_that_was_away_goes_on_where_it_was() {
    let mut servers = Servers::with_shop().await;
    servers.stream().await;
    servers
        .new
        .stop(Stop::Immediate)
        .await
        .expect("a server that stops");
    let trouble = servers.is_in_trouble("subscriber-away").await;
    assert!(
        trouble.message.starts_with("new does not answer; old keeps"),
        "{trouble}"
    );
    servers.run(Old, "update customers set name = 'meanwhile'").await;
    servers.new.start_again().await.expect("a server that starts");
    servers.ends_equal().await;
}

#[tokio::test]
async fn old_keeps_no_more_log_than_it_may() {
    let servers = Servers::with_shop().await;
    servers.stream().await;
    servers
        .run(New, "alter subscription crossfade_to_new disable")
        .await;
    let limits = Limits {
        alarm_bytes: 1 << 20,
        abort_bytes: 24 << 20,
        every: Duration::from_millis(50),
    };
    let watch = Watch::start(
        &servers.databases,
        FORTH,
        Markers::start(&servers.databases, FORTH),
        limits,
    );
    let write = "insert into products (sku, name, price, in_stock) \
                 select gen_random_uuid()::text, repeat('x', 1000), 1, 1 from generate_series(1, 2000)";
    let saw_alarm = std::sync::atomic::AtomicBool::new(false);
    eventually("the slot is given up", async || {
        let Some(seen) = watch.seen() else { return false };
        if seen.troubles.iter().any(|trouble| trouble.code == "log-kept") {
            saw_alarm.store(true, std::sync::atomic::Ordering::Relaxed);
        }
        if !seen.given_up {
            servers.run(Old, write).await;
        }
        seen.given_up
    })
    .await;
    assert!(saw_alarm.into_inner(), "an alarm before the end");
    for side in [Old, New] {
        assert_eq!(servers.things_of_ours(side).await, 0, "{side}");
    }
    assert!(PATIENCE > limits.every);
}

#[tokio::test]
async fn a_watch_sees_a_break_within_seconds_and_its_end() {
    let servers = Servers::with_shop().await;
    servers.stream().await;
    let limits = Limits::default();
    let watch = Watch::start(
        &servers.databases,
        FORTH,
        Markers::start(&servers.databases, FORTH),
        limits,
    );
    let has_trouble = async |yes: bool| {
        eventually("what the watch sees", async || {
            watch.seen().is_some_and(|seen| seen.troubles.is_empty() != yes)
        })
        .await;
    };
    has_trouble(false).await;
    servers.run(New, INSERT).await;
    servers.run(Old, INSERT).await;
    let started = std::time::Instant::now();
    has_trouble(true).await;
    println!("a conflict was seen after {} ms", started.elapsed().as_millis());
    servers.run(New, "delete from products where sku = 'same'").await;
    has_trouble(false).await;
    servers.ends_equal().await;
    watch.stop();
}
