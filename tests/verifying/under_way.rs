//! Verifications that break off, and databases that are written to meanwhile.

use std::time::Duration;

use crossfade::catalog::Catalog;
use crossfade::databases::Side;
use crossfade::sync::journal::{backfill, install, set_paused};
use crossfade::verify::{Beginning, Difference, DifferenceKind, VerifyError, VerifyOptions, repair, verify};

use super::still::{Still, TYPES, difference, different, verified};
use crate::support::databases::Pair;
use crate::support::migration::{Migration, databases, eventually};

#[tokio::test]
async fn a_verification_that_broke_off_goes_on_where_it_was() {
    let still = Still::with(TYPES).await;
    still
        .new
        .batch_execute("update t set name = '' where id in (10, 4990)")
        .await
        .expect("corruption");
    let options = VerifyOptions {
        beginning: Beginning::WhereTheLastBrokeOff,
        range_time: Duration::from_nanos(1),
        ..VerifyOptions::default()
    };
    // A first range of all rows leads to ranges of the fewest rows; so a table of more is needed to break off in.
    still
        .old
        .batch_execute("insert into t (id) select n from generate_series(5001, 60000) n")
        .await
        .expect("more rows");
    still
        .new
        .batch_execute("insert into t (id) select n from generate_series(5001, 60000) n")
        .await
        .expect("more rows");
    let (told, mut tells) = tokio::sync::mpsc::unbounded_channel();
    let running = tokio::spawn({
        let (databases, options) = (still.databases.clone(), options.clone());
        async move {
            verify(&databases, Side::Old, &options, |progress| {
                _ = told.send(progress.clone());
            })
            .await
        }
    });
    for _ in 0..3 {
        tells.recv().await.expect("progress");
    }
    running.abort();
    _ = running.await;

    let mut first = None;
    let report = verify(&still.databases, Side::Old, &options, |progress| {
        first.get_or_insert_with(|| progress.clone());
    })
    .await
    .expect("a verification");
    let first = first.expect("progress");
    assert!(first.rows > first.rows_since, "it went on: {first:?}");
    assert_eq!(report.tables[0].rows, 60_000);
    let found: Vec<Difference> = report.differences().cloned().collect();
    assert_eq!(
        found,
        [
            different("t", &["10"], &["name"]),
            different("t", &["4990"], &["name"])
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verification_ends_when_another_takes_its_place() {
    let still = Still::with(TYPES).await;
    let superseded = verify(&still.databases, Side::Old, &VerifyOptions::default(), |_| {
        // The only range is done; before the end is written, another verification begins and ends.
        tokio::task::block_in_place(|| {
            let runtime = tokio::runtime::Handle::current();
            runtime.block_on(verified(&still.databases));
        });
    })
    .await;
    assert!(
        matches!(superseded, Err(VerifyError::Superseded)),
        "{superseded:?}"
    );
}

#[tokio::test]
async fn changes_that_wait_in_the_journal_are_pending_and_not_different() {
    let pair = Pair::empty().await;
    let table = "create table t (id int primary key, v int)";
    pair.connect_old()
        .await
        .batch_execute(table)
        .await
        .expect("a table");
    pair.connect_new()
        .await
        .batch_execute(table)
        .await
        .expect("a table");
    pair.connect_old()
        .await
        .batch_execute("insert into t select n, n from generate_series(1, 100) n")
        .await
        .expect("rows");
    let migration = Migration::begin(&pair).await;
    migration.pause_workers(true).await;
    migration
        .old
        .batch_execute("update t set v = 0 where id <= 3; delete from t where id = 4")
        .await
        .expect("changes");
    migration
        .new
        .batch_execute("update t set v = 0 where id = 50")
        .await
        .expect("corruption");
    let databases = migration.crossfade.databases().clone();
    let impatient = VerifyOptions {
        patience: Duration::ZERO,
        ..VerifyOptions::default()
    };
    let report = verify(&databases, Side::Old, &impatient, |_| {})
        .await
        .expect("a verification");
    let table = &report.tables[0];
    assert_eq!(
        (table.pending, table.different, report.clean),
        (4, 1, false),
        "{report}"
    );

    // With patience it waits until they have been mirrored.
    let waiting = tokio::spawn(async move { verified(&databases).await });
    set_paused(migration.crossfade.databases(), Side::Old, false)
        .await
        .expect("workers that go on");
    let report = waiting.await.expect("a verification");
    let found: Vec<Difference> = report.differences().cloned().collect();
    assert_eq!(
        (report.tables[0].pending, found),
        (0, vec![different("t", &["50"], &["v"])])
    );
}

#[tokio::test]
async fn writers_give_no_false_difference_and_hide_no_real_one() {
    let pair = Pair::empty().await;
    let table = "create table t (id int primary key, v int, w text unique)";
    pair.connect_old()
        .await
        .batch_execute(table)
        .await
        .expect("a table");
    pair.connect_new()
        .await
        .batch_execute(table)
        .await
        .expect("a table");
    pair.connect_old()
        .await
        .batch_execute("insert into t select n, n, n from generate_series(1, 20000) n")
        .await
        .expect("rows");
    let migration = Migration::begin(&pair).await;
    migration
        .new
        .batch_execute("update t set v = -1 where id = 10007")
        .await
        .expect("corruption");

    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let written = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let mut writers = Vec::new();
    for writer in 0..3 {
        let (client, stop, written) = (pair.connect_old().await, stop.clone(), written.clone());
        writers.push(tokio::spawn(async move {
            let mut n: i32 = writer;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                // Keys that end in 7 are nobody's.
                n = (n * 7919 + 13) % 20_000;
                let id = n - n % 10 + writer;
                // Back and forth: a row, none, the same row again.
                let change = format!(
                    "update t set v = v + 1, w = 'x' || w where id = {id}; update t set v = v - 1, w = substr(w, 2) where id = {id};
                     delete from t where id = {id}; insert into t values ({id}, {id}, {id}) on conflict do nothing"
                );
                client.batch_execute(&change).await.expect("a write");
                written.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            }
        }));
    }
    let options = VerifyOptions {
        range_time: Duration::from_millis(20),
        ..VerifyOptions::default()
    };
    for round in 0..8 {
        let report = verify(migration.crossfade.databases(), Side::Old, &options, |_| {})
            .await
            .expect("a verification");
        let found: Vec<Difference> = report.differences().cloned().collect();
        assert_eq!(found, [different("t", &["10007"], &["v"])], "round {round}");
        assert_eq!(report.tables[0].pending, 0, "round {round}");
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    for writer in writers {
        writer.await.expect("a writer");
    }
    assert!(
        written.load(std::sync::atomic::Ordering::Relaxed) > 100,
        "the writers wrote"
    );
    eventually("everything is mirrored", async || {
        verified(migration.crossfade.databases())
            .await
            .differences()
            .count()
            == 1
    })
    .await;
}

#[tokio::test]
async fn what_new_refuses_is_not_called_repaired() {
    let still =
        Still::with("create table t (id int primary key, v int); insert into t values (1, 1), (2, -2)").await;
    let stricter = "delete from t; alter table t add check (v > 0)";
    still.new.batch_execute(stricter).await.expect("a stricter table");
    let found: Vec<Difference> = still.verify().await.differences().cloned().collect();
    assert_eq!(found.len(), 2);
    let repaired = repair(&still.databases, &Catalog::default(), Side::Old, &found)
        .await
        .expect("a repair");
    assert_eq!((repaired.repaired, repaired.refused.len()), (1, 1));
    assert_eq!(repaired.refused[0].difference.key, ["2"]);
    assert!(
        repaired.refused[0].reason.contains("t_v_check"),
        "{:?}",
        repaired.refused
    );
}

#[tokio::test]
async fn a_table_that_is_still_being_copied_is_neither_compared_nor_repaired() {
    let pair = Pair::empty().await;
    let (old, new) = (pair.connect_old().await, pair.connect_new().await);
    for side in [&old, &new] {
        side.batch_execute("create table t (id int primary key)")
            .await
            .expect("a table");
    }
    old.batch_execute("insert into t values (1)")
        .await
        .expect("a row");
    let databases = databases(&pair.old_url().await, &pair.new_url().await);
    install(&databases, Side::Old).await.expect("capture on old");
    let report = verified(&databases).await;
    assert!(!report.clean, "{report}");
    assert_eq!(report.differences().count(), 0, "{report}");
    assert!(report.to_string().contains("still being copied"), "{report}");
    let missing = [difference("t", &["1"], DifferenceKind::Missing)];
    let repaired = repair(&databases, &Catalog::default(), Side::Old, &missing)
        .await
        .expect("an answer");
    assert_eq!((repaired.repaired, repaired.refused.len()), (0, 1));
    backfill(&databases, Side::Old, |_| {}).await.expect("a copy");
    assert!(verified(&databases).await.clean);
}
