//! A backlog is worked off as quickly as it was written, however small the journal was when its statements were planned.

use crate::support::databases::Pair;
use crate::support::migration::{Migration, eventually};

/// Entries of the backlog: some workers' batches.
const BACKLOG: i64 = 3_000;

/// Pages of the journal that may be looked at for each entry that is mirrored and dropped. Statements that were planned for a
/// journal of one page, and that read it once for each entry, looked at a thousand.
const PAGES_AN_ENTRY: i64 = 60;

#[tokio::test]
async fn entries_of_a_backlog_are_dropped_without_reading_it_again_for_each() {
    let pair = Pair::empty().await;
    pair.open_shop().await;
    let migration = Migration::begin(&pair).await;
    // To the planner the journal has one page and no row, as it has whenever it was vacuumed between two batches.
    let one_page = "update customers set name = name || '' where id <= 3";
    migration.pause_workers(true).await;
    migration.old.batch_execute(one_page).await.expect("a write");
    migration.pause_workers(false).await;
    migration.drain().await;
    let vacuum = "vacuum (analyze, truncate off) crossfade.journal";
    migration.old.batch_execute(vacuum).await.expect("a vacuum");
    // PostgreSQL keeps a plan from the sixth time on; each connection has its own.
    for _ in 0..40 {
        migration.old.batch_execute(one_page).await.expect("a write");
        migration.drain().await;
    }
    migration.pause_workers(true).await;
    let backlog = format!(
        "do $$ begin for n in 1..{BACKLOG} loop \
         update customers set name = name || '' where id = 1 + n % 100; end loop; end $$"
    );
    migration.old.batch_execute(&backlog).await.expect("a backlog");
    let before = pages_looked_at(&migration).await;
    migration.pause_workers(false).await;
    eventually("the backlog is mirrored", async || {
        let sql = "select not exists (select from crossfade.journal)";
        migration.old.query_one(sql, &[]).await.expect("an answer").get(0)
    })
    .await;
    // Sessions tell what they did when they next rest.
    migration.crossfade.stop().await;
    let looked_at = pages_looked_at(&migration).await - before;
    assert!(
        looked_at < BACKLOG * PAGES_AN_ENTRY,
        "{looked_at} pages were looked at for {BACKLOG} entries"
    );
}

/// Pages of the journal that anybody has looked at so far.
async fn pages_looked_at(migration: &Migration) -> i64 {
    let sql = "select heap_blks_hit + heap_blks_read from pg_catalog.pg_statio_all_tables \
               where relid = 'crossfade.journal'::regclass";
    migration.old.query_one(sql, &[]).await.expect("figures").get(0)
}
