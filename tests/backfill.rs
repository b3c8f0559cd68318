//! Existing rows are copied in chunks: a copy that is killed goes on where it was, copies nothing twice, and cuts
//! tables of any kind of key.
//!
//! The copy that gets killed is this very binary, started again.

use std::process::{Child, Command};

use crossfade::databases::{Databases, Side, Step};
use crossfade::sync::journal::{
    BackfillError, BackfillOptions, backfill, backfill_with, copy_status, install,
};
use tokio_postgres::Client;

use crate::support::compare::assert_every_row_equal;
use crate::support::databases::Pair;
use crate::support::migration::{Migration, databases, eventually};
use crate::support::stage::answer;
use crate::support::steps::Steps;

/// Where the copy that is killed finds its databases.
const OLD: &str = "CROSSFADE_TEST_COPY_OLD";
const NEW: &str = "CROSSFADE_TEST_COPY_NEW";

/// Tables in both databases, rows in old, and capture on them.
async fn captured(pair: &Pair, tables: &str, rows: &str) -> (Databases, Client, Client) {
    let (old, new) = (pair.connect_old().await, pair.connect_new().await);
    old.batch_execute(tables).await.expect("tables in old");
    new.batch_execute(tables).await.expect("tables in new");
    old.batch_execute(rows).await.expect("rows in old");
    let databases = databases(&pair.old_url().await, &pair.new_url().await);
    install(&databases, Side::Old).await.expect("capture on old");
    (databases, old, new)
}

/// A chunk of few rows, whatever they are like.
fn in_small_chunks() -> BackfillOptions {
    BackfillOptions {
        chunk_bytes: 500,
        ..BackfillOptions::default()
    }
}

async fn count(client: &Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).await.expect(sql).get(0)
}

const NOTED: &str = "select count(*) from crossfade.chunks where copied_at is not null";

/// A process that copies. Killed on drop.
struct Copy(Child);

impl Copy {
    async fn start(pair: &Pair) -> Self {
        let mut process = Command::new(std::env::current_exe().expect("our own path"));
        process
            .args(["backfill::a_copy_to_be_killed", "--exact", "--ignored"])
            .env(OLD, pair.old_url().await)
            .env(NEW, pair.new_url().await);
        Self(process.spawn().expect("ourselves again"))
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // As `kill -9` does. It may have ended by itself.
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// Not a test by itself: the copy that the test below kills.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "started and killed by another test"]
async fn a_copy_to_be_killed() {
    let (Ok(old), Ok(new)) = (std::env::var(OLD), std::env::var(NEW)) else {
        return;
    };
    // Slow enough to be killed on the way.
    let options = BackfillOptions {
        chunk_bytes: 100_000,
        most_bytes_a_second: Some(2_000_000),
        ..BackfillOptions::default()
    };
    backfill_with(&databases(&old, &new), Side::Old, &options, |_| {})
        .await
        .expect("a copy");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_killed_twice_on_the_way_ends_equal() {
    let pair = Pair::empty().await;
    let (databases, old, new) = captured(
        &pair,
        "create table orders (id bigint primary key, note text, at timestamptz)",
        "insert into orders select n, 'note ' || n, now() from generate_series(1, 100000) n; analyze orders",
    )
    .await;
    let mut noted = 0;
    for _ in 0..2 {
        let copy = Copy::start(&pair).await;
        let enough = noted + 8;
        eventually("some more chunks are copied", async || {
            count(&old, NOTED).await >= enough
        })
        .await;
        // Rows change, come and go meanwhile, in front of the copy and behind it.
        let changes =
            "update orders set note = 'later' where id % 1000 = 1; delete from orders where id % 1000 = 2;
                       insert into orders select max(id) + 1, 'new', now() from orders";
        old.batch_execute(changes).await.expect("changes");
        drop(copy);
        noted = count(&old, NOTED).await;
        let uncopied = "select count(*) from crossfade.captured where copied_at is null";
        assert_eq!(
            count(&old, uncopied).await,
            1,
            "it had copied everything before it was killed"
        );
    }
    let rows = count(&old, "select sum(rows)::bigint from crossfade.chunks").await;
    let mut found = 0;
    let copied = backfill(&databases, Side::Old, |progress| {
        found = progress.rows - progress.rows_since;
    });
    let copied = copied.await.expect("the rest of the copy");
    assert!(
        found >= rows.unsigned_abs(),
        "of {rows} rows only {found} were not copied again"
    );
    assert!(copied[0].rows >= 99_800, "{copied:?}");
    let migration = Migration::between(&pair, databases).await;
    migration.drain().await;
    assert_every_row_equal(&old, &new).await;
    migration.crossfade.stop().await;
}

#[tokio::test]
async fn a_chunk_whose_copy_was_not_noted_is_not_copied_again() {
    let pair = Pair::empty().await;
    let (direct, old, new) = captured(
        &pair,
        "create table t (id int primary key, v text)",
        "insert into t select n, 'v' from generate_series(1, 30) n",
    )
    .await;
    for (step, there) in [(Step::ChunkRead, 0), (Step::ChunkWritten, 5)] {
        let steps = Steps::default();
        let awaited = steps.hold(step);
        let watched = direct.clone().watched(steps.watcher());
        let options = BackfillOptions {
            workers: 1,
            ..in_small_chunks()
        };
        let copying = tokio::spawn(async move { backfill_with(&watched, Side::Old, &options, |_| {}).await });
        let held = awaited.arrived().await;
        copying.abort();
        assert!(copying.await.expect_err("its end").is_cancelled());
        drop(held);
        assert_eq!(count(&old, NOTED).await, 0, "{step:?}");
        eventually("what was not committed is gone", async || {
            count(
                &new,
                "select count(*) from pg_stat_activity where application_name = 'crossfade copy' \
                         and datname = current_database()",
            )
            .await
                == 0
        })
        .await;
        assert_eq!(count(&new, "select count(*) from t").await, there, "{step:?}");
    }
    // The row that is there stays as it is: only its entry may change it.
    new.batch_execute("update t set v = 'there already' where id = 1")
        .await
        .expect("a mark");
    backfill(&direct, Side::Old, |_| {}).await.expect("a copy");
    assert_eq!(count(&new, "select count(*) from t").await, 30);
    assert_eq!(
        count(&new, "select id::bigint from t where v = 'there already'").await,
        1
    );
}

#[tokio::test]
async fn unique_values_that_wander_from_a_copied_row_to_one_that_is_not_are_in_nobodys_way() {
    let pair = Pair::empty().await;
    let (direct, old, new) = captured(
        &pair,
        "create extension btree_gist;
         create table seats (id int primary key, place text unique deferrable, guest text,
                             during int4range, exclude using gist (guest with =, during with &&));
         create unique index on seats (lower(guest)) where id > 0;",
        "insert into seats select n, 'place ' || n, 'guest ' || n, int4range(n, n + 1) from generate_series(1, 40) n",
    )
    .await;
    let steps = Steps::default();
    let awaited = steps.hold(Step::ChunkWritten);
    let watched = direct.clone().watched(steps.watcher());
    let options = BackfillOptions {
        workers: 1,
        ..in_small_chunks()
    };
    let copying = tokio::spawn(async move { backfill_with(&watched, Side::Old, &options, |_| {}).await });
    let held = awaited.arrived().await;
    // Each value passes from a row of the first chunk to one of the last.
    let exchange = "update seats set place = 'nowhere', guest = 'nobody' where id = 1;
                    update seats set place = 'place 1', guest = 'guest 1', during = '[1,2)' where id = 40;
                    delete from seats where id = 2;
                    update seats set place = 'place 2', guest = 'GUEST 2' where id = 39;";
    old.batch_execute(exchange).await.expect("an exchange");
    held.let_go();
    answer(copying).await.expect("a copy that ends well");
    let migration = Migration::between(&pair, direct).await;
    migration.drain().await;
    assert_eq!(count(&new, "select count(*) from seats").await, 39);
    assert_every_row_equal(&old, &new).await;
}

/// Tables that are cut by keys of many kinds, each with 30 rows whose keys try their order.
const KEYS: &str = "
    create type size as enum ('small', 'large', 'medium');
    create domain code as varchar(8) check (value <> '');
    create collation natural_order (provider = icu, locale = 'en-u-kn-true');
    create collation folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    create extension citext;
    create table by_composite (shop int, at timestamptz, v int, primary key (shop, at));
    create table by_mixed (shop int, name citext, v int, primary key (shop, name));
    create table by_uuid (id uuid primary key, v int);
    create table by_numeric (id numeric primary key, v int);
    create table by_float (id float8 primary key, v int);
    create table by_text (id text primary key, v int);
    create table by_natural (id text collate natural_order primary key, v int);
    create table by_folded (id text collate folded primary key, v int);
    create table by_blanks (id char(6) primary key, v int);
    create table by_size (id size, n int, primary key (id, n));
    create table by_code (id code primary key, v int);
    create table by_bytes (id bytea primary key, v int);
    create table by_array (id int[] primary key, v int);
    create table by_interval (id interval primary key, v int);
    create table \"By \"\"Name\"\"\" (\"the \"\"id\"\"\" int primary key, v int);
    create table by_part (id int, region text, v int, primary key (id, region)) partition by list (region);
    create table by_part_eu partition of by_part for values in ('eu');
    create table by_part_rest partition of by_part default;
    create table by_identity (id int generated always as identity primary key, v int,
                              double int generated always as (v * 2) stored);
    create table empty (id int primary key);";
const KEY_ROWS: &str = r#"
    insert into by_composite select n % 3, '2026-01-01'::timestamptz + n * interval '1 us', n from generate_series(1, 30) n;
    insert into by_mixed select n % 3, case when n % 2 = 0 then 'Name ' else 'name ' end || n, n from generate_series(1, 30) n;
    insert into by_uuid select md5(n::text)::uuid, n from generate_series(1, 30) n;
    insert into by_numeric select n / 7.0 - 2, n from generate_series(1, 28) n;
    insert into by_numeric values ('NaN', 29), ('-Infinity', 30);
    insert into by_float select n / 7.0 - 2, n from generate_series(1, 28) n;
    insert into by_float values ('NaN', 29), ('Infinity', 30);
    insert into by_text select chr(31 + n * 8) || n, n from generate_series(1, 28) n;
    insert into by_text values ('', 29), (E'it''s \\ $1 \n', 30);
    insert into by_natural select 'item ' || n, n from generate_series(1, 30) n;
    insert into by_folded select case when n % 2 = 0 then 'ITEM' else 'item' end || n, n from generate_series(1, 30) n;
    insert into by_blanks select n::text, n from generate_series(1, 30) n;
    insert into by_size select (enum_range(null::size))[1 + n % 3], n from generate_series(1, 30) n;
    insert into by_code select 'c' || n, n from generate_series(1, 30) n;
    insert into by_bytes select decode(lpad(to_hex(n * 8), 4, '0'), 'hex'), n from generate_series(1, 30) n;
    insert into by_array select array[n % 4, n], n from generate_series(1, 30) n;
    insert into by_interval select n * interval '11 hours', n from generate_series(1, 30) n;
    insert into "By ""Name""" select n, n from generate_series(1, 30) n;
    insert into by_part select n, (array['eu', 'us', 'in'])[1 + n % 3], n from generate_series(1, 30) n;
    insert into by_identity (v) select n from generate_series(1, 30) n;"#;

#[tokio::test]
async fn tables_are_cut_by_keys_of_every_kind() {
    let pair = Pair::empty().await;
    let (databases, old, new) = captured(&pair, KEYS, KEY_ROWS).await;
    let copied = backfill_with(&databases, Side::Old, &in_small_chunks(), |_| {})
        .await
        .expect("a copy");
    for table in &copied {
        let expected = if table.table == "public.empty" { 0 } else { 30 };
        assert_eq!(table.rows, expected, "{}", table.table);
    }
    let uncut = "select string_agg(table_name, ', ') from crossfade.captured c where table_name <> 'empty' \
                 and (select count(*) from crossfade.chunks k where k.plan = c.plan) < 6";
    let uncut: Option<String> = old.query_one(uncut, &[]).await.expect("a list").get(0);
    assert_eq!(uncut, None, "these were not cut into chunks");
    assert_every_row_equal(&old, &new).await;
}

#[tokio::test]
async fn two_copies_at_once_share_nothing_but_the_result() {
    let pair = Pair::empty().await;
    let (databases, old, new) = captured(
        &pair,
        "create table t (id int primary key)",
        "insert into t select generate_series(1, 300)",
    )
    .await;
    let options = in_small_chunks();
    let (one, other) = tokio::join!(
        backfill_with(&databases, Side::Old, &options, |_| {}),
        backfill_with(&databases, Side::Old, &options, |_| {})
    );
    let tables = one.expect("a copy").len() + other.expect("the other").len();
    assert_eq!(tables, 1, "one of them copied the table");
    assert_every_row_equal(&old, &new).await;
}

#[tokio::test]
async fn rows_that_were_on_new_before_make_room_where_that_harms_nobody() {
    let pair = Pair::empty().await;
    let tables = "create table parents (id int primary key, name text unique);
                  create table children (id int primary key, parent int not null references parents);";
    let rows = "insert into parents select n, 'name ' || n from generate_series(1, 9) n;
                insert into children select n, n from generate_series(1, 9) n;";
    let (databases, old, new) = captured(&pair, tables, rows).await;
    // From an earlier try: gone from old since, or under another key.
    new.batch_execute(
        "insert into parents values (70, 'name 7'), (1, 'old name'); insert into children values (1, 70)",
    )
    .await
    .expect("rows that are in the way");
    backfill(&databases, Side::Old, |_| {}).await.expect("a copy");
    assert_every_row_equal(&old, &new).await;
}

#[tokio::test]
async fn a_role_that_may_not_hold_back_triggers_copies_parents_first_and_deletes_nothing() {
    let pair = Pair::empty().await;
    let tables = "create table a_children (id int primary key, parent int not null);
                  create table parents (id int primary key);
                  alter table a_children add foreign key (parent) references parents;";
    let rows = "insert into parents select generate_series(1, 50);
                insert into a_children select n, n from generate_series(1, 50) n;";
    let (direct, old, new) = captured(&pair, tables, rows).await;
    let plain =
        "do $$ begin create role plain_copier login; exception when duplicate_object then null; end $$;
                 grant all on all tables in schema public to plain_copier;";
    let database: String = new
        .query_one("select current_database()::text", &[])
        .await
        .expect("its name")
        .get(0);
    new.batch_execute(&format!(
        "{plain} grant create on database {database} to plain_copier; \
                                insert into parents values (99)"
    ))
    .await
    .expect("a role that may little");
    let as_plain = pair.new_url().await.replacen("postgres@", "plain_copier@", 1);
    assert!(as_plain.contains("plain_copier"), "{as_plain}");
    let databases = databases(&pair.old_url().await, &as_plain);
    let refused = backfill_with(&databases, Side::Old, &in_small_chunks(), |_| {}).await;
    assert!(
        matches!(refused, Err(BackfillError::Occupied { .. })),
        "{refused:?}"
    );
    assert_eq!(count(&new, "select count(*) from parents where id = 99").await, 1);
    new.batch_execute("delete from parents")
        .await
        .expect("an empty table");
    backfill_with(&databases, Side::Old, &in_small_chunks(), |_| {})
        .await
        .expect("a copy");
    assert_every_row_equal(&old, &new).await;
    drop(direct);
}

#[tokio::test]
async fn how_far_a_copy_is_can_be_seen_by_others() {
    let pair = Pair::empty().await;
    let (direct, old, _new) = captured(
        &pair,
        "create table t (id int primary key); create table gone (id int primary key)",
        "insert into t select generate_series(1, 100); analyze t",
    )
    .await;
    old.batch_execute("drop table gone").await.expect("a table less");
    let before = copy_status(&direct, Side::Old).await.expect("a status");
    assert_eq!(
        (before.rows, before.of_rows, before.remaining_seconds),
        (0, 100, None)
    );
    let steps = Steps::default();
    let watched = direct.clone().watched(steps.watcher());
    let options = BackfillOptions {
        workers: 1,
        ..in_small_chunks()
    };
    let first = steps.hold(Step::ChunkRead);
    let copying = tokio::spawn(async move { backfill_with(&watched, Side::Old, &options, |_| {}).await });
    let held = first.arrived().await;
    let second = steps.hold(Step::ChunkRead);
    held.let_go();
    let held = second.arrived().await;
    let half_way = copy_status(&direct, Side::Old).await.expect("a status");
    assert!((1..100).contains(&half_way.rows), "{half_way:?}");
    assert!(
        half_way.rows_per_second > 0.0 && half_way.remaining_seconds.is_some(),
        "{half_way:?}"
    );
    held.let_go();
    answer(copying).await.expect("a copy that ends well");
    let after = copy_status(&direct, Side::Old).await.expect("a status");
    assert_eq!(
        (after.rows, after.of_rows, after.remaining_seconds),
        (100, 100, None)
    );
    assert!(after.tables.iter().all(|table| table.copied), "{after:?}");
}
