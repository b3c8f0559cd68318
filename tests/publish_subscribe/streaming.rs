//! What is written on the publisher is on the subscriber, and who waits is told when.

use std::time::Duration;

use crossfade::databases::Side::{New, Old};
use crossfade::sync::publish_subscribe::{
    CopyState, Markers, Rows, drained, end, pause, prepare, reserve, resume, skip_to_now, subscribe,
};

use super::super::support::compare::assert_every_row_equal;
use super::super::support::migration::{PATIENCE, eventually};
use super::{BACK, FORTH, Servers};

#[tokio::test]
async fn rows_are_copied_and_changes_follow() {
    let servers = Servers::with_shop().await;
    servers.stream().await;
    let changes = "update customers set name = 'changed' where id % 3 = 0; \
                   delete from order_lines where order_id % 5 = 0; \
                   insert into customers (name, email, country) values ('new', 'new@example.org', 'FR')";
    servers.run(Old, changes).await;
    servers.ends_equal().await;
    let status = servers.status().await;
    assert!(status.is_copied() && status.unpublished.is_empty(), "{status:?}");
    let tables: Vec<&str> = status.tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(
        tables,
        [
            "public.customers",
            "public.order_lines",
            "public.orders",
            "public.products"
        ]
    );
    let slot = status.slot.expect("a slot");
    assert!(slot.active && slot.retained_bytes.is_some(), "{slot:?}");
    assert!(status.lag_seconds.is_some_and(|lag| lag < PATIENCE.as_secs_f64()));
}

#[tokio::test]
async fn a_writer_who_was_told_that_it_is_applied_finds_it_there() {
    let servers = Servers::with_shop().await;
    servers.stream().await;
    let markers = Markers::start(&servers.databases, FORTH);
    let (old, new) = (servers.connect(Old).await, servers.connect(New).await);
    let mut slowest = Duration::ZERO;
    for round in 0..200_i64 {
        let sku = format!("round-{round}");
        let insert = "insert into products (sku, name, price, in_stock) values ($1, 'x', 1, 1)";
        old.execute(insert, &[&sku]).await.expect("a write");
        let started = std::time::Instant::now();
        assert!(markers.applied_within(PATIENCE).await, "round {round}");
        slowest = slowest.max(started.elapsed());
        let there = new.query("select 1 from products where sku = $1", &[&sku]).await;
        assert_eq!(
            there.expect("an answer").len(),
            1,
            "round {round} was told too early"
        );
    }
    println!("the slowest of 200 markers took {} ms", slowest.as_millis());
}

#[tokio::test]
async fn who_waits_for_a_subscriber_that_is_held_up_is_told_no_in_time() {
    let servers = Servers::with_shop().await;
    servers.stream().await;
    let markers = Markers::start(&servers.databases, FORTH);
    assert!(markers.applied_within(PATIENCE).await);
    servers
        .run(New, "alter subscription crossfade_to_new disable")
        .await;
    let mark = markers.mark().await.expect("a mark");
    assert!(!markers.applied_within(Duration::from_millis(300)).await);
    assert!(!markers.is_reached(mark));
    let trouble = servers.is_in_trouble("disabled").await;
    servers.take(&trouble.way_out).await;
    eventually("the mark is reached", async || markers.is_reached(mark)).await;
}

#[tokio::test]
async fn partitioned_tables_and_generated_columns_arrive() {
    let servers = Servers::start(super::replicating(), super::replicating()).await;
    let tables = "create table p (id int primary key, n int, twice int generated always as (n * 2) stored) \
                  partition by range (id); \
                  create table p1 partition of p for values from (0) to (100); \
                  create table p2 partition of p for values from (100) to (200); \
                  insert into p select i, i from generate_series(1, 150) i";
    servers.run(Old, tables).await;
    servers.carry_schema().await;
    servers.stream().await;
    servers
        .run(
            Old,
            "update p set id = id + 100 where id = 99; delete from p where id = 120",
        )
        .await;
    servers.ends_equal().await;
    assert_eq!(
        servers
            .count(New, "select count(*) from p where twice = n * 2")
            .await,
        149
    );
}

#[tokio::test]
async fn tables_that_are_made_later_are_told_and_taken_up() {
    let servers = Servers::with_shop().await;
    servers.stream().await;
    servers
        .run(
            Old,
            "create table later (id int primary key); insert into later values (1)",
        )
        .await;
    let trouble = servers.is_in_trouble("unpublished").await;
    assert!(trouble.message.starts_with("public.later on old"), "{trouble}");
    servers.carry_schema().await;
    servers.stream().await;
    assert!(
        servers
            .status()
            .await
            .tables
            .iter()
            .any(|table| table.name == "public.later" && table.state == CopyState::Streaming)
    );
    servers.ends_equal().await;
}

#[tokio::test]
async fn a_turn_that_is_called_off_has_lost_nothing() {
    let servers = Servers::with_shop().await;
    servers.stream().await;
    pause(&servers.databases, FORTH).await.expect("a pause");
    servers.run(Old, "update customers set name = 'meanwhile'").await;
    assert_eq!(
        servers
            .count(New, "select count(*) from customers where name = 'meanwhile'")
            .await,
        0
    );
    resume(&servers.databases, FORTH).await.expect("the stream again");
    servers.ends_equal().await;
}

#[tokio::test]
async fn the_direction_turns_round_and_sends_nothing_back() {
    let servers = Servers::with_shop().await;
    servers.stream().await;
    servers.run(Old, "update customers set name = 'before'").await;
    prepare(&servers.databases, BACK)
        .await
        .expect("a publication on new");
    reserve(&servers.databases, BACK).await.expect("a slot on new");
    servers.run(Old, "update customers set name = 'last'").await;
    // As behind a fence: nobody writes but those who set markers.
    let markers = Markers::start(&servers.databases, FORTH);
    assert!(markers.applied_within(PATIENCE).await);
    drained(&servers.databases, FORTH, PATIENCE)
        .await
        .expect("all applied");
    pause(&servers.databases, FORTH).await.expect("a pause");
    let late = markers
        .mark()
        .await
        .expect("a marker that is not applied any more");
    skip_to_now(&servers.databases, BACK)
        .await
        .expect("a slot that begins now");
    servers
        .run(New, "update customers set name = 'on new' where id = 1")
        .await;
    subscribe(&servers.databases, BACK, Rows::AreThere)
        .await
        .expect("a subscription on old");
    servers
        .run(
            New,
            "insert into products (sku, name, price, in_stock) values ('n', 'n', 1, 1)",
        )
        .await;
    end(&servers.databases, FORTH)
        .await
        .expect("the end of the first direction");
    drained(&servers.databases, BACK, PATIENCE)
        .await
        .expect("all applied");
    assert!(!markers.is_reached(late));
    for (sql, expected) in [
        ("select count(*) from customers where name = 'on new'", 1),
        ("select count(*) from customers where name <> 'last'", 1),
        ("select count(*) from products where sku = 'n'", 1),
    ] {
        assert_eq!(servers.count(Old, sql).await, expected, "{sql}");
    }
    assert_every_row_equal(&servers.connect(Old).await, &servers.connect(New).await).await;
    end(&servers.databases, BACK).await.expect("the end");
    for side in [Old, New] {
        assert_eq!(servers.things_of_ours(side).await, 0, "{side}");
    }
}
