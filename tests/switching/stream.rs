//! What an operator sees of a stream that is broken on purpose, and that the way out which is told works.

use std::time::{Duration, Instant};

use crossfade::cluster::Stop;
use crossfade::databases::Side;
use crossfade::flags::Route;
use crossfade::migration::{
    MigrationError, Operator, Status, Verdict, abort, gates, pause, resume, start_by, status,
};
use crossfade::routing::Mirror;
use crossfade::sync::Transport;
use crossfade::sync::publish_subscribe::{Direction, Trouble, drained};
use diesel_async::RunQueryDsl as _;

use super::stage::{Stage, everybody_on_new, number};
use crate::support::compare::assert_every_row_equal;
use crate::support::databases::{Pair, replicating};
use crate::support::migration::{Migration, PATIENCE, context, databases, eventually};

/// A stream, and a server between both databases.
struct Streamed {
    stage: Stage,
    server: Migration,
}

const INSERT: &str = "insert into products (sku, name, price, in_stock) values ('same', 'x', 1, 1)";

impl Streamed {
    async fn begin() -> Self {
        let stage = Stage::started_by(Transport::PublishSubscribe).await;
        let between = databases(&stage.pair.old_url().await, &stage.pair.new_url().await);
        let server = Migration::between(&stage.pair, between).await;
        Self { stage, server }
    }

    /// What `crossfade migrate status` shows.
    async fn status(&self) -> Status {
        let mut status = status(&self.stage.databases).await.expect("a status");
        status
            .look_further(&self.stage.databases)
            .await
            .expect("a look at the stream");
        status
    }

    /// Waits until the status shows this trouble.
    async fn is_in_trouble(&self, code: &str) -> Trouble {
        let began = Instant::now();
        loop {
            let status = self.status().await;
            let troubles = status.stream.as_ref().map(|stream| stream.troubles.clone());
            let found = troubles.and_then(|all| all.into_iter().find(|trouble| trouble.code == code));
            if let Some(trouble) = found {
                println!("{code} was seen after {} ms", began.elapsed().as_millis());
                assert!(status.to_string().contains(&trouble.way_out[0]), "{status}");
                return trouble;
            }
            assert!(
                began.elapsed() < Duration::from_secs(10),
                "{code} is not seen: {status}"
            );
        }
    }

    async fn is_out_of_trouble(&self) {
        eventually("no trouble is left", async || {
            let stream = self.status().await.stream.expect("a stream");
            stream.troubles.is_empty() && stream.arrival_ms.is_some()
        })
        .await;
    }

    /// Waits until a server has noted it in the record.
    async fn is_noted(&self, what: &str, code: &str) {
        let question = format!(
            "select count(*) from crossfade.events where what = '{what}' and details ->> 'code' = '{code}'"
        );
        eventually(&format!("{what} {code} in the record"), async || {
            number(&self.stage.connect(Side::Old).await, &question).await == 1
        })
        .await;
    }

    /// Runs what a trouble says is to be run on a side.
    async fn take(&self, trouble: &Trouble) {
        for step in &trouble.way_out {
            for side in [Side::Old, Side::New] {
                if let Some(sql) = step.strip_prefix(&format!("on {side}: ")) {
                    let done = self.stage.connect(side).await.batch_execute(sql).await;
                    done.unwrap_or_else(|error| panic!("{error:?}: {sql}"));
                }
            }
        }
    }

    async fn run(&self, side: Side, sql: &str) {
        let done = self.stage.connect(side).await.batch_execute(sql).await;
        done.unwrap_or_else(|error| panic!("{error:?}: {sql}"));
    }

    async fn ends_equal(&self) {
        drained(&self.stage.databases, Direction::OldToNew, PATIENCE)
            .await
            .expect("a stream that goes on");
        let (old, new) = (
            self.stage.connect(Side::Old).await,
            self.stage.connect(Side::New).await,
        );
        assert_every_row_equal(&old, &new).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_a_stream_is_seen_noted_and_keeps_the_switch_from_being_done_until_it_is_mended() {
    let mut streamed = Streamed::begin().await;
    streamed.stage.verify().await;

    // A row of new's own.
    streamed.run(Side::New, INSERT).await;
    streamed.run(Side::Old, INSERT).await;
    let trouble = streamed.is_in_trouble("row-in-the-way").await;
    assert!(trouble.message.contains("\"sku\" = 'same'"), "{trouble}");
    streamed.is_noted("trouble", "row-in-the-way").await;
    let options = everybody_on_new(&streamed.stage.databases)
        .await
        .expect("a status");
    let gates = gates(&streamed.stage.operator, Side::New, &options)
        .await
        .expect("gates");
    let gate = gates
        .gates
        .iter()
        .find(|gate| gate.name == "stream")
        .expect("the gate");
    assert_eq!(gate.verdict, Verdict::Closed);
    assert!(gate.evidence.contains("\"sku\" = 'same'"), "{gates}");
    assert!(
        gate.way_out
            .as_ref()
            .is_some_and(|way| way.contains("delete from")),
        "{gates}"
    );
    // Meanwhile a write that asks for its mirror is done all the same, and says that it is pending.
    streamed.server.flags.fix(Route {
        write: true,
        read: true,
    });
    let written = streamed
        .server
        .write("7", "update customers set name = 'waited' where id = 7")
        .await;
    assert_eq!(written.mirror, Mirror::Pending);
    streamed.take(&trouble).await;
    streamed.is_out_of_trouble().await;
    streamed.is_noted("trouble-over", "row-in-the-way").await;
    streamed.ends_equal().await;

    // New is away.
    streamed
        .stage
        .pair
        .own(Side::New)
        .stop(Stop::Immediate)
        .await
        .expect("a server that stops");
    let trouble = streamed.is_in_trouble("subscriber-away").await;
    assert!(trouble.way_out[0].starts_with("start new"), "{trouble}");
    streamed
        .run(Side::Old, "update customers set name = 'meanwhile' where id = 1")
        .await;
    streamed
        .stage
        .pair
        .own(Side::New)
        .start_again()
        .await
        .expect("a server that starts");
    streamed.is_out_of_trouble().await;
    streamed.ends_equal().await;

    // It is held, and let go.
    pause(&streamed.stage.operator).await.expect("a pause");
    let trouble = streamed.is_in_trouble("disabled").await;
    assert!(trouble.message.contains("is disabled"), "{trouble}");
    resume(&streamed.stage.operator)
        .await
        .expect("an end of the pause");
    streamed.is_out_of_trouble().await;

    // A table is dropped on new.
    streamed.run(Side::New, "drop table order_lines").await;
    streamed
        .run(
            Side::Old,
            "update order_lines set quantity = quantity + 1 where line = 1",
        )
        .await;
    let trouble = streamed.is_in_trouble("table-missing").await;
    assert!(trouble.message.contains("order_lines"), "{trouble}");

    abort(&streamed.stage.operator, &mut |progress| println!("{progress}"))
        .await
        .expect("an end");
    for side in [Side::Old, Side::New] {
        let left = "select (select count(*) from pg_replication_slots) + (select count(*) from pg_publication) \
                    + (select count(*) from pg_subscription) + (select count(*) from pg_namespace where nspname = 'crossfade')";
        assert_eq!(
            number(&streamed.stage.connect(side).await, left).await,
            0,
            "{side}"
        );
    }
    let user = context("1");
    let written = streamed.server.crossfade.write(&user, None, async |connection| {
        diesel::sql_query("update customers set name = 'after it' where id = 1")
            .execute(connection)
            .await
    });
    written.await.expect("a write after the end");
    streamed.server.crossfade.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_finds_no_slot_says_whose_are_idle_and_begins_once_there_is_one() {
    let pair = Pair::on_own_clusters(replicating().set("max_replication_slots", "6")).await;
    pair.open_shop().await;
    let old = pair.connect_old().await;
    old.batch_execute(
        "select pg_create_logical_replication_slot('other_' || n, 'pgoutput') from generate_series(1, 6) n",
    )
    .await
    .expect("slots");
    let (old_url, new_url) = (pair.old_url().await, pair.new_url().await);
    let operator = Operator::new(&databases(&old_url, &new_url), "a test", "to see");
    let refused = start_by(&operator, Transport::PublishSubscribe, &mut |_| {}).await;
    let Err(MigrationError::Preflight(report)) = refused else {
        panic!("{refused:?}");
    };
    assert!(
        report
            .to_string()
            .contains("max_replication_slots is 6 on old and 6 are in use"),
        "{report}"
    );
    old.batch_execute("select pg_drop_replication_slot(slot_name) from pg_replication_slots")
        .await
        .expect("no slots");
    start_by(&operator, Transport::PublishSubscribe, &mut |progress| {
        println!("{progress}");
    })
    .await
    .expect("a stream");
    let other = start_by(&operator, Transport::Journal, &mut |_| {}).await;
    assert!(
        matches!(
            other,
            Err(MigrationError::OtherTransport {
                is: Transport::PublishSubscribe,
                ..
            })
        ),
        "{other:?}"
    );
    abort(&operator, &mut |_| {}).await.expect("an end");
}
