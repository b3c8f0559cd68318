//! Each race that the model has, by name, on real databases: one side is held at a step while the other goes on.

use std::time::Duration;

use crossfade::databases::{Side, Step};
use crossfade::flags::Route;
use crossfade::routing::{Mirror, ReadReason};
use crossfade::sync::journal::{backfill, install};

use crate::support::compare::assert_every_row_equal;
use crate::support::databases::Pair;
use crate::support::migration::{Migration, databases, eventually, others_are_served_by_new};
use crate::support::stage::{DUAL, READ_NEW, Stage, answer, somebody_waits_for_a_lock};
use crate::support::steps::Steps;

#[tokio::test]
async fn of_two_mirrors_of_one_key_the_one_that_reads_first_writes_first() {
    let stage = Stage::set().await;
    let awaited = stage.steps.hold(Step::Fetched);
    let first = stage.rename("first");
    let held = awaited.arrived().await;
    // The first mirror has read `first`; what is committed now, another mirror reads after it has the lock.
    let second = stage.rename("second");
    somebody_waits_for_a_lock(&stage).await;
    assert!(!second.is_finished());
    held.let_go();
    assert_eq!(answer(first).await.mirror, Mirror::Applied);
    assert_eq!(answer(second).await.mirror, Mirror::Applied);
    assert_eq!(stage.name_on_new().await, "second");
    stage.ends_equal().await;
}

#[tokio::test]
async fn a_mirror_that_has_its_locks_reads_what_was_committed_before_it_reads() {
    let stage = Stage::set().await;
    let awaited = stage.steps.hold(Step::Locked);
    let first = stage.rename("first");
    let held = awaited.arrived().await;
    let theirs = "update customers set name = 'another writer' where id = 123";
    stage.migration.old.batch_execute(theirs).await.expect("a write");
    held.let_go();
    assert_eq!(answer(first).await.mirror, Mirror::Applied);
    assert_eq!(stage.name_on_new().await, "another writer");
    eventually(
        "the other writer's entry is left for its own mirror",
        async || stage.entries().await == 1,
    )
    .await;
    stage.ends_equal().await;
}

#[tokio::test]
async fn a_change_between_a_mirrors_read_and_its_drop_keeps_its_own_entry() {
    let stage = Stage::set().await;
    let awaited = stage.steps.hold(Step::Mirrored);
    let first = stage.rename("first");
    let held = awaited.arrived().await;
    let theirs = "update customers set name = 'another writer' where id = 123";
    stage.migration.old.batch_execute(theirs).await.expect("a write");
    held.let_go();
    answer(first).await;
    eventually("the mirrored entry is dropped", async || {
        stage.entries().await == 1
    })
    .await;
    assert_eq!(stage.name_on_new().await, "first");
    stage.ends_equal().await;
}

#[tokio::test]
async fn an_entry_that_commits_late_with_a_low_number_is_not_dropped_with_those_after_it() {
    let stage = Stage::set().await;
    let mut late = stage.pair.connect_old().await;
    let late = late.transaction().await.expect("a transaction");
    let theirs = "update customers set name = 'late' where id = 456";
    late.batch_execute(theirs)
        .await
        .expect("a write that is not committed");
    assert_eq!(answer(stage.rename("first")).await.mirror, Mirror::Applied);
    late.commit()
        .await
        .expect("its commit, after a higher number was mirrored and dropped");
    eventually("the late entry alone is left", async || {
        stage.entries().await == 1
    })
    .await;
    stage.ends_equal().await;
}

#[tokio::test]
async fn a_worker_and_a_waiting_write_may_mirror_the_same_entries_at_once() {
    let stage = Stage::set().await;
    let awaited = stage.steps.hold(Step::Fetched);
    let first = stage.rename("first");
    let held = awaited.arrived().await;
    stage.migration.pause_workers(false).await;
    // A worker claims the entry that the write mirrors, and waits for the key's lock.
    somebody_waits_for_a_lock(&stage).await;
    held.let_go();
    assert_eq!(answer(first).await.mirror, Mirror::Applied);
    stage.ends_equal().await;
}

#[tokio::test]
async fn a_worker_that_lost_the_primary_goes_on_while_another_claims_its_entries() {
    let stage = Stage::set().await;
    stage.migration.flags.fix(READ_NEW);
    answer(stage.rename("first")).await;
    let awaited = stage.steps.hold(Step::Fetched);
    stage.migration.pause_workers(false).await;
    let held = awaited.arrived().await;
    // Its claim is a transaction on the primary: with the connection it is gone, and the entries are free.
    let losing = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
                  where datname = current_database() and application_name = 'crossfade' and state like 'idle in%'";
    let lost: i64 = stage
        .migration
        .old
        .query_one(losing, &[])
        .await
        .expect("an answer")
        .get(0);
    assert!(lost >= 1);
    let second = "update customers set name = 'second' where id = 123";
    stage.migration.old.batch_execute(second).await.expect("a write");
    somebody_waits_for_a_lock(&stage).await;
    held.let_go();
    eventually("new has what was written last", async || {
        stage.name_on_new().await == "second"
    })
    .await;
    stage.ends_equal().await;
}

#[tokio::test]
async fn a_row_that_is_deleted_while_it_is_copied_does_not_come_back() {
    let pair = Pair::empty().await;
    let table = "create table shelves (id int primary key, label text)";
    pair.connect_old()
        .await
        .batch_execute(table)
        .await
        .expect("a table in old");
    pair.connect_new()
        .await
        .batch_execute(table)
        .await
        .expect("a table in new");
    let rows = "insert into shelves select n, 'first' from generate_series(1, 10) n";
    pair.connect_old()
        .await
        .batch_execute(rows)
        .await
        .expect("rows in old");
    let steps = Steps::default();
    let direct = databases(&pair.old_url().await, &pair.new_url().await);
    install(&direct, Side::Old).await.expect("capture on old");
    let awaited = steps.hold(Step::ChunkRead);
    let watched = direct.clone().watched(steps.watcher());
    let copying = tokio::spawn(async move { backfill(&watched, Side::Old, |_| {}).await });
    let held = awaited.arrived().await;
    let migration = Migration::between(&pair, direct).await;
    migration.flags.fix(DUAL);
    // All rows are read, and none is on new. The mirror of a delete must not be forgotten before they are.
    for sql in [
        "delete from shelves where id = 1",
        "update shelves set label = 'second' where id = 2",
    ] {
        migration.write("123", sql).await;
    }
    held.let_go();
    answer(copying).await.expect("a copy that ends well");
    migration.drain().await;
    let (old, new) = migration.both("select * from shelves where id <= 2").await;
    assert_eq!(
        (old.as_slice(), &old),
        (["(2,second)".to_owned()].as_slice(), &new)
    );
    assert_every_row_equal(&migration.old, &migration.new).await;
}

#[tokio::test]
async fn a_table_that_is_emptied_while_a_row_is_written_again_keeps_that_row() {
    let stage = Stage::set().await;
    let empty = "truncate order_lines";
    stage
        .migration
        .old
        .batch_execute(empty)
        .await
        .expect("an empty table");
    let awaited = stage.steps.hold(Step::Fetched);
    stage.migration.pause_workers(false).await;
    let held = awaited.arrived().await;
    // The worker has read that the table has no keys. This row's mirror waits for the table's lock.
    let line =
        "insert into order_lines (order_id, line, sku, quantity, price) values (2, 1, 'SKU-0001', 1, 1)";
    let written = stage.write(line);
    somebody_waits_for_a_lock(&stage).await;
    held.let_go();
    assert_eq!(answer(written).await.mirror, Mirror::Applied);
    let (old, new) = stage.migration.both("select * from order_lines").await;
    assert_eq!((old.len(), &old), (1, &new));
    stage.ends_equal().await;
}

#[tokio::test]
async fn a_read_between_a_commit_and_its_mirror_is_not_followed_by_an_older_one() {
    let stage = Stage::set().await;
    let awaited = stage.steps.hold(Step::Committed);
    let written = stage.rename("first");
    let held = awaited.arrived().await;
    // The flags send 456 to old, which shows what new does not have; then they change their mind.
    stage.migration.flags.fix(Route::default());
    assert_eq!(stage.read("456").await.value, "first");
    stage.migration.flags.fix(DUAL);
    let read = stage.read("456").await;
    assert_eq!((read.value.as_str(), read.reason), ("first", ReadReason::Behind));
    // Who has seen nothing of it may be served by new.
    others_are_served_by_new(async |user| stage.read(user).await.side).await;
    held.let_go();
    assert_eq!(answer(written).await.mirror, Mirror::Applied);
    eventually("new is up to what 456 was shown", async || {
        let read = stage.read("456").await;
        assert_eq!(read.value, "first");
        read.side == Side::New
    })
    .await;
    stage.ends_equal().await;
}

#[tokio::test]
async fn a_read_that_new_was_admitted_to_before_a_write_may_end_after_it() {
    let stage = Stage::set().await;
    let awaited = stage.steps.hold(Step::Admitted);
    let reading = stage.reading("123");
    let held = awaited.arrived().await;
    assert_eq!(answer(stage.rename("first")).await.mirror, Mirror::Applied);
    held.let_go();
    assert_eq!(answer(reading).await.value, "first");
    assert_eq!(stage.read("123").await.value, "first");
    stage.ends_equal().await;
}

#[tokio::test]
async fn what_is_committed_between_a_read_of_old_and_its_note_is_waited_for_too() {
    let stage = Stage::set().await;
    stage.migration.flags.fix(READ_NEW);
    answer(stage.rename("first")).await;
    let awaited = stage.steps.hold(Step::Shown);
    let mine = stage.reading("123");
    let held = awaited.arrived().await;
    let before = stage.read("123").await.position.expect("a position");
    let theirs = "update customers set name = 'another writer' where id = 456";
    stage.migration.old.batch_execute(theirs).await.expect("a write");
    held.let_go();
    let noted = answer(mine).await.position.expect("a position");
    assert!(
        noted.last() > before.last(),
        "{noted} covers no more than {before}"
    );
    stage.ends_equal().await;
}

#[tokio::test]
async fn a_deadline_that_passes_while_a_mirror_applies_leaves_it_to_end_by_itself() {
    let stage = Stage::with_deadline(Duration::from_millis(50)).await;
    let awaited = stage.steps.hold(Step::Applied);
    let written = stage.rename("first");
    let held = awaited.arrived().await;
    assert_eq!(answer(written).await.mirror, Mirror::Pending);
    assert_eq!(
        stage.read("123").await.value,
        "first",
        "the user is not sent to new"
    );
    assert_eq!(stage.entries().await, 1);
    held.let_go();
    eventually("the mirror ends, though nobody waits for it", async || {
        stage.name_on_new().await == "first" && stage.entries().await == 0
    })
    .await;
    stage.ends_equal().await;
}

#[tokio::test]
async fn a_client_that_hangs_up_in_the_middle_of_its_mirror_does_not_stop_it() {
    let stage = Stage::set().await;
    let awaited = stage.steps.hold(Step::Applied);
    let written = stage.rename("first");
    let held = awaited.arrived().await;
    written.abort();
    assert!(written.await.is_err_and(|error| error.is_cancelled()));
    held.let_go();
    eventually("the mirror ends", async || {
        stage.name_on_new().await == "first" && stage.entries().await == 0
    })
    .await;
    stage.ends_equal().await;
}

#[tokio::test]
async fn a_client_that_hangs_up_before_its_commit_has_written_nothing() {
    let stage = Stage::set().await;
    let awaited = stage.steps.hold(Step::Written);
    let written = stage.rename("first");
    let held = awaited.arrived().await;
    written.abort();
    assert!(written.await.is_err_and(|error| error.is_cancelled()));
    held.let_go();
    // Its transaction was rolled back with its connection, so that the row is free.
    assert_eq!(answer(stage.rename("second")).await.mirror, Mirror::Applied);
    assert_eq!(stage.name_on_new().await, "second");
    stage.ends_equal().await;
}

#[tokio::test]
async fn a_mirror_that_waits_for_new_holds_no_lock_on_a_table_of_old() {
    for route in [READ_NEW, DUAL] {
        let stage = Stage::set().await;
        stage.migration.flags.fix(route);
        let awaited = stage.steps.hold(Step::Fetched);
        let first = stage.rename("first");
        stage.migration.pause_workers(false).await;
        // The mirror, a worker's or the write's own, has read the row on old and has yet to write it on new.
        let held = awaited.arrived().await;
        let altered = "set lock_timeout = '2s'; alter table customers alter name set default 'nobody'";
        stage
            .migration
            .old
            .batch_execute(altered)
            .await
            .expect("a table that nobody holds");
        held.let_go();
        answer(first).await;
        stage.ends_equal().await;
    }
}
