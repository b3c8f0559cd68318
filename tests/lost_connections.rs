//! A connection that breaks at any step between both databases costs time and nothing else.

use std::time::Duration;

use crossfade::databases::{Side, Step};

use crate::support::compare::assert_every_row_equal;
use crate::support::databases::Pair;
use crate::support::migration::eventually;
use crate::support::stage::{DUAL, READ_NEW, Stage, answer};

/// From the commit on the primary on, the write is done, whatever breaks.
const STEPS: [Step; 7] = [
    Step::Committed,
    Step::Claimed,
    Step::Locked,
    Step::Fetched,
    Step::Applied,
    Step::Mirrored,
    Step::Dropped,
];

#[tokio::test(flavor = "multi_thread")]
async fn every_connection_to_a_database_may_break_at_every_step_after_a_commit() {
    for side in [Side::Old, Side::New] {
        let stage = Stage::with_deadline(Duration::from_millis(200)).await;
        // Both databases are connected to.
        answer(stage.rename("second")).await;
        for step in STEPS {
            breaks_at(&stage, side, step).await;
        }
        pause_workers(&stage, false).await;
        eventually("nothing is left", async || stage.entries().await == 0).await;
        assert_every_row_equal(&stage.migration.old, &stage.migration.new).await;
    }
}

async fn breaks_at(stage: &Stage, side: Side, step: Step) {
    println!("connections to {side} break at {step:?}");
    if step == Step::Claimed {
        stage.migration.flags.fix(READ_NEW);
        pause_workers(stage, false).await;
    }
    let awaited = stage.steps.hold(step);
    let first = stage.rename("first");
    let held = awaited.arrived().await;
    break_connections(&stage.pair, side).await;
    held.let_go();
    // The write may be the first to notice that its connection is gone; it was committed before.
    answer(first).await;
    pause_workers(stage, false).await;
    eventually("the write is on new", async || {
        stage.entries().await == 0 && stage.name_on_new().await == "first"
    })
    .await;
    let differing = "update customers set name = 'in between' where id = 123";
    stage
        .migration
        .old
        .batch_execute(differing)
        .await
        .expect("a write");
    eventually("that too", async || stage.entries().await == 0).await;
    pause_workers(stage, true).await;
    stage.migration.flags.fix(DUAL);
}

/// By a connection of the test's own: the server's may be broken.
async fn pause_workers(stage: &Stage, paused: bool) {
    let sql = format!("update crossfade.migration set paused = {paused}");
    stage.migration.old.batch_execute(&sql).await.expect("the record");
}

/// Ends what the server has open, and nothing of the test's own.
async fn break_connections(pair: &Pair, side: Side) {
    let client = match side {
        Side::Old => pair.connect_old().await,
        Side::New => pair.connect_new().await,
    };
    let sql = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
               where datname = current_database() and application_name = 'crossfade'";
    let broken: i64 = client.query_one(sql, &[]).await.expect("an answer").get(0);
    assert!(broken > 0, "nothing was connected to {side}");
}
