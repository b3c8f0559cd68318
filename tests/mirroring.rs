//! What is committed on old reaches new, whoever wrote it and whatever it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crossfade::databases::{Side, Step};
use crossfade::flags::Route;
use crossfade::routing::{CrossfadeOptions, Mirror};
use crossfade::sync::journal::backfill;
use futures_util::FutureExt as _;

use crate::support::databases::Pair;
use crate::support::migration::{Migration, eventually, rows};

const DUAL: Route = Route {
    write: true,
    read: true,
};

#[tokio::test]
async fn a_dual_write_is_in_both_databases_when_it_is_answered() {
    let pair = Pair::empty().await;
    pair.open_shop().await;
    let migration = Migration::begin(&pair).await;
    migration.pause_workers(true).await;
    migration.flags.fix(DUAL);
    let written = migration
        .write("123", "update customers set name = 'Asha' where id = 123")
        .await;
    assert_eq!(written.mirror, Mirror::Applied);
    let (old, new) = migration.both("select * from customers where id = 123").await;
    assert_eq!(old, new);
    assert!(new[0].contains("Asha"), "{new:?}");
}

#[tokio::test]
async fn a_write_to_old_alone_waits_for_the_workers() {
    let pair = Pair::empty().await;
    pair.open_shop().await;
    let migration = Migration::begin(&pair).await;
    migration.pause_workers(true).await;
    let written = migration
        .write("900", "delete from order_lines where order_id = 1")
        .await;
    assert_eq!(written.mirror, Mirror::NotAsked);
    let lines = "select * from order_lines where order_id = 1 order by 1, 2";
    let (old, new) = migration.both(lines).await;
    assert!(old.is_empty());
    assert!(!new.is_empty(), "the workers are paused");
    migration.pause_workers(false).await;
    eventually("the deletion arrives", async || {
        rows(&migration.new, lines).await.is_empty()
    })
    .await;
}

#[tokio::test]
async fn whoever_writes_to_old_directly_is_mirrored_too() {
    let pair = Pair::empty().await;
    pair.open_shop().await;
    let migration = Migration::begin(&pair).await;
    let by_hand = "update products set name = name || '!' where in_stock % 3 = 0; \
                   set session_replication_role = replica; delete from order_lines where order_id % 5 = 0";
    migration
        .old
        .batch_execute(by_hand)
        .await
        .expect("statements by hand");
    migration.drain().await;
    for table in ["products", "order_lines", "orders", "customers"] {
        let (old, new) = migration
            .both(&format!("select * from {table} order by 1, 2"))
            .await;
        assert_eq!(old, new, "{table}");
    }
}

#[tokio::test]
async fn a_truncated_table_is_emptied_and_what_came_after_stays() {
    let pair = Pair::empty().await;
    pair.open_shop().await;
    let migration = Migration::begin(&pair).await;
    migration.pause_workers(true).await;
    let script = "create table keep as select * from order_lines limit 3; alter table keep drop column amount; \
                  truncate order_lines; insert into order_lines select * from keep; drop table keep";
    migration.old.batch_execute(script).await.expect("a truncation");
    migration.pause_workers(false).await;
    migration.drain().await;
    let (old, new) = migration.both("select * from order_lines order by 1, 2").await;
    assert_eq!(old.len(), 3);
    assert_eq!(old, new);
}

#[tokio::test]
async fn a_change_of_key_leaves_nothing_behind() {
    let pair = Pair::empty().await;
    let table = "create table t (a text, b timestamptz, v int, primary key (a, b)); ";
    let rows = "insert into t values ('x', '2026-01-01 00:00:00.000001+00', 1), ('y', 'infinity', 2)";
    pair.connect_old()
        .await
        .batch_execute(&format!("{table}{rows}"))
        .await
        .expect("a table");
    pair.connect_new()
        .await
        .batch_execute(table)
        .await
        .expect("a table");
    let migration = Migration::begin(&pair).await;
    // The writer's own settings must not change how its keys are understood.
    let rename = "set datestyle = 'SQL, DMY'; set timezone = 'Asia/Kolkata'; update t set a = a || '2'";
    migration.old.batch_execute(rename).await.expect("an update");
    migration
        .old
        .batch_execute("reset datestyle; reset timezone")
        .await
        .expect("a reset");
    migration.drain().await;
    let (old, new) = migration.both("select * from t order by 1").await;
    assert_eq!(old.len(), 2);
    assert_eq!(old, new);
}

#[tokio::test]
async fn odd_names_generated_columns_identities_and_partitions_arrive() {
    let pair = Pair::empty().await;
    let tables = r#"
        create schema "My Shop";
        create table "My Shop"."Line ""Items$1" (
            "Order Id" int generated always as identity, "from" text not null default 'x',
            doubled text generated always as ("from" || "from") stored, primary key ("Order Id"));
        create table readings (at date, n int, v float8, primary key (at, n)) partition by range (at);
        create table readings_2026 partition of readings for values from ('2026-01-01') to ('2027-01-01');
    "#;
    pair.connect_old()
        .await
        .batch_execute(tables)
        .await
        .expect("tables");
    pair.connect_new()
        .await
        .batch_execute(tables)
        .await
        .expect("tables");
    let migration = Migration::begin(&pair).await;
    let changes = r#"
        insert into "My Shop"."Line ""Items$1" ("from") values ('a'), ('b''"\');
        insert into readings values ('2026-05-05', 1, 0.1), ('2026-05-05', 2, '-0.0');
        insert into readings_2026 values ('2026-06-06', 1, 'NaN');
        update readings_2026 set v = 1e-310 where n = 2;
    "#;
    migration.old.batch_execute(changes).await.expect("changes");
    migration.drain().await;
    let (old, new) = migration
        .both(r#"select * from "My Shop"."Line ""Items$1" order by 1"#)
        .await;
    assert_eq!((old.len(), &old), (2, &new));
    let (old, new) = migration.both("select * from readings order by 1, 2").await;
    assert_eq!((old.len(), &old), (3, &new));
}

#[tokio::test]
async fn a_row_that_new_cannot_take_holds_up_no_other_and_arrives_when_it_can() {
    let pair = Pair::empty().await;
    let table = "create table t (id int primary key, v int)";
    pair.connect_old()
        .await
        .batch_execute(table)
        .await
        .expect("a table");
    pair.connect_new()
        .await
        .batch_execute("create table t (id int primary key, v int check (v > 0))")
        .await
        .expect("a stricter table");
    let migration = Migration::begin(&pair).await;
    migration
        .old
        .batch_execute("insert into t values (1, -1), (2, 2)")
        .await
        .expect("rows");
    eventually("the good row arrives", async || {
        rows(&migration.new, "select * from t").await == ["(2,2)"]
    })
    .await;
    migration
        .new
        .batch_execute("alter table t drop constraint t_v_check")
        .await
        .expect("a looser table");
    migration.drain().await;
    let (old, new) = migration.both("select * from t order by 1").await;
    assert_eq!(old, new);
}

#[tokio::test]
async fn a_column_added_on_both_sides_while_running_is_mirrored() {
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
    let migration = Migration::begin(&pair).await;
    migration
        .old
        .batch_execute("insert into t values (1, 1)")
        .await
        .expect("a row");
    migration.drain().await;
    migration
        .new
        .batch_execute("alter table t add w text")
        .await
        .expect("a column");
    let grow = "alter table t add w text; update t set w = 'seen'";
    migration
        .old
        .batch_execute(grow)
        .await
        .expect("a column and a change");
    migration.drain().await;
    let (old, new) = migration.both("select * from t").await;
    assert_eq!(old, ["(1,1,seen)"]);
    assert_eq!(old, new);
}

/// A table with three kinds of unique index, on both sides, three rows in it, and a row that refers to one.
async fn seats(pair: &Pair) -> Migration {
    let tables =
        "create table seats (id int primary key, place text unique, guest text, row int, number int);
                  create unique index on seats (lower(guest));
                  create unique index on seats (row, number) where number > 0;
                  create table notes (seat int references seats on delete cascade, note text primary key);";
    pair.connect_old()
        .await
        .batch_execute(tables)
        .await
        .expect("tables");
    pair.connect_new()
        .await
        .batch_execute(tables)
        .await
        .expect("tables");
    let rows = "insert into seats values (1, 'a', 'Ann', 1, 1), (2, 'b', 'Bob', 1, 2), (3, 'c', 'Cid', 1, 3);
                insert into notes values (1, 'vegetarian')";
    pair.connect_old().await.batch_execute(rows).await.expect("rows");
    Migration::begin(pair).await
}

#[tokio::test]
async fn rows_that_exchange_unique_values_arrive_whatever_waits_for_them() {
    let pair = Pair::empty().await;
    let migration = seats(&pair).await;
    migration.pause_workers(true).await;
    let exchange = "update seats set place = 'x' || place, guest = 'x' || guest, number = number + 10;
                    update seats set place = case id when 1 then 'b' when 2 then 'c' else 'a' end,
                                     guest = case id when 1 then 'BOB' when 2 then 'CID' else 'ANN' end,
                                     number = case id when 1 then 2 when 2 then 3 else 1 end;";
    migration.old.batch_execute(exchange).await.expect("an exchange");
    migration.flags.fix(DUAL);
    // The dual write is about one of the three rows; it can arrive only together with the other two.
    let written = migration
        .write("1", "update seats set guest = 'Bob' where id = 1")
        .await;
    assert_eq!(written.mirror, Mirror::Applied);
    let (old, new) = migration.both("select * from seats order by id").await;
    assert_eq!(old, new);
    migration.pause_workers(false).await;
    migration.drain().await;
    let (old, new) = migration.both("select * from seats order by id").await;
    assert_eq!(old, new);
    let (old, new) = migration.both("select * from notes").await;
    assert_eq!(old, new, "no foreign key fired while rows were replaced");
}

#[tokio::test]
async fn rows_are_copied_over_a_secondary_whose_unique_values_have_moved_on() {
    let pair = Pair::empty().await;
    let migration = seats(&pair).await;
    migration.pause_workers(true).await;
    // As after a copy whose end was not noted, or with awaited mirrors before the copy.
    let uncopied = "update crossfade.captured set copied_at = null;
                    update seats set place = 'x' || place;
                    update seats set place = case id when 1 then 'b' when 2 then 'c' else 'a' end;
                    delete from notes";
    migration.old.batch_execute(uncopied).await.expect("an exchange");
    backfill(migration.crossfade.databases(), Side::Old, |_| {})
        .await
        .expect("a copy");
    migration.pause_workers(false).await;
    migration.drain().await;
    for table in ["seats", "notes"] {
        let (old, new) = migration.both(&format!("select * from {table} order by 1")).await;
        assert_eq!(old, new, "{table}");
    }
}

#[tokio::test]
async fn a_unique_value_can_pass_from_a_deleted_row_to_a_new_one() {
    let pair = Pair::empty().await;
    let migration = seats(&pair).await;
    migration.pause_workers(true).await;
    migration
        .old
        .batch_execute("delete from seats where id = 3")
        .await
        .expect("a deletion");
    migration.flags.fix(DUAL);
    let written = migration
        .write("9", "insert into seats values (9, 'c', 'cid', 1, 3)")
        .await;
    assert_eq!(written.mirror, Mirror::Applied);
    let (old, new) = migration.both("select * from seats order by id").await;
    assert_eq!(old, new);
}

#[tokio::test]
async fn an_identity_outside_the_key_follows_its_row() {
    let pair = Pair::empty().await;
    let table = "create table t (name text primary key, serial int generated always as identity)";
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
    let migration = Migration::begin(&pair).await;
    for change in [
        "insert into t values ('a')",
        "delete from t; insert into t values ('a')",
    ] {
        migration.old.batch_execute(change).await.expect(change);
        migration.drain().await;
    }
    let (old, new) = migration.both("select * from t").await;
    assert_eq!(old, ["(a,2)"]);
    assert_eq!(old, new);
}

#[tokio::test]
async fn a_statement_of_many_rows_arrives_whole() {
    let pair = Pair::empty().await;
    let table = "create table t (a int, b text, v int, primary key (a, b))";
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
    let migration = Migration::begin(&pair).await;
    let statements = "insert into t select n, 'k' || n, 0 from generate_series(1, 3500) n;
                      update t set v = a where a <= 3000;
                      update t set a = a + 10000 where a > 2000;
                      delete from t where a < 1500;
                      update t set v = 1 where false;";
    for statement in statements.split(';') {
        migration.old.batch_execute(statement).await.expect(statement);
    }
    migration.drain().await;
    let (old, new) = migration.both("select * from t order by a, b").await;
    assert_eq!(old.len(), 2001);
    assert_eq!(old, new);
}

#[tokio::test]
async fn what_was_written_before_the_clock_was_set_back_is_not_waited_for() {
    let pair = Pair::empty().await;
    pair.open_shop().await;
    let migration = Migration::begin(&pair).await;
    migration.pause_workers(true).await;
    migration
        .write("123", "update customers set name = 'mine' where id = 123")
        .await;
    // The entry's time is one that the clock will show in an hour.
    let set_back = "update crossfade.journal set at = at + interval '1 hour'";
    migration.old.batch_execute(set_back).await.expect("a clock");
    migration.pause_workers(false).await;
    migration.drain().await;
    let (old, new) = migration.both("select name from customers where id = 123").await;
    assert_eq!(old, new);
}

#[tokio::test]
async fn a_row_that_new_cannot_take_is_found_in_few_transactions() {
    const ENTRIES: usize = 128;
    let pair = Pair::empty().await;
    pair.open_shop().await;
    let transactions = Arc::new(AtomicUsize::new(0));
    let counted = transactions.clone();
    let count = move |step| {
        if step == Step::Locked {
            counted.fetch_add(1, Ordering::Relaxed);
        }
        futures_util::future::ready(()).boxed()
    };
    let migration = Migration::begin_watched(&pair, Arc::new(count), CrossfadeOptions::default()).await;
    migration.pause_workers(true).await;
    let refused = "alter table customers add constraint no_nemo check (name <> 'Nemo')";
    migration.new.batch_execute(refused).await.expect("a constraint");
    for id in 1..=ENTRIES {
        let name = if id == 77 { "Nemo" } else { "Someone" };
        let sql = format!("update customers set name = '{name}' where id = {id}");
        migration.old.batch_execute(&sql).await.expect("a write");
    }
    migration.pause_workers(false).await;
    eventually("all but one are mirrored", async || {
        let row = migration
            .old
            .query_one("select count(*) from crossfade.journal", &[]);
        row.await.expect("a count").get::<_, i64>(0) == 1
    })
    .await;
    // The whole, two parts for each halving, and the entry that waits is tried again now and then.
    let transactions = transactions.load(Ordering::Relaxed);
    assert!(transactions < ENTRIES / 3, "{transactions} transactions");
    migration
        .new
        .batch_execute("alter table customers drop constraint no_nemo")
        .await
        .expect("no constraint");
    migration.drain().await;
}
