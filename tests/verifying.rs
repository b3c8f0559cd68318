//! The verifier finds whatever differs, names it, and calls nothing different that is only on its way; repair makes
//! equal what it found.

use std::time::Duration;

use crossfade::catalog::Catalog;
use crossfade::databases::{Databases, Side};
use crossfade::sync::journal::set_paused;
use crossfade::verify::{
    Beginning, Difference, DifferenceKind, Report, VerifyError, VerifyOptions, last_report,
    last_verification, repair, verify,
};

use crate::support::databases::Pair;
use crate::support::migration::{Migration, databases, eventually, rows};

/// Two databases with the same tables and rows, and nobody writing.
struct Still {
    databases: Databases,
    old: tokio_postgres::Client,
    new: tokio_postgres::Client,
    _pair: Pair,
}

impl Still {
    async fn with(script: &str) -> Self {
        let pair = Pair::empty().await;
        let (old, new) = (pair.connect_old().await, pair.connect_new().await);
        for side in [&old, &new] {
            side.batch_execute(script).await.expect("tables and rows");
        }
        Self {
            databases: databases(&pair.old_url().await, &pair.new_url().await),
            old,
            new,
            _pair: pair,
        }
    }

    async fn verify(&self) -> Report {
        verified(&self.databases).await
    }

    /// Corrupts new and expects exactly these differences; repairs them and expects none.
    async fn corrupted(&self, corruption: &str, expected: &[Difference]) {
        self.new.batch_execute(corruption).await.expect(corruption);
        let report = self.verify().await;
        let found: Vec<Difference> = report.differences().cloned().collect();
        assert_eq!(found, expected, "after: {corruption}");
        assert!(!report.clean);
        let repaired = repair(&self.databases, &Catalog::default(), Side::Old, &found)
            .await
            .expect("a repair");
        assert_eq!(
            (repaired.repaired, repaired.refused),
            (found.len() as u64, vec![])
        );
        let report = self.verify().await;
        assert!(report.clean, "repaired after: {corruption}\n{report}");
    }
}

async fn verified(databases: &Databases) -> Report {
    verify(databases, Side::Old, &VerifyOptions::default(), |_| {})
        .await
        .expect("a verification")
}

fn difference(table: &str, key: &[&str], kind: DifferenceKind) -> Difference {
    Difference {
        schema: "public".to_owned(),
        table: table.to_owned(),
        key: key.iter().map(ToString::to_string).collect(),
        kind,
    }
}

fn different(table: &str, key: &[&str], columns: &[&str]) -> Difference {
    let columns = columns.iter().map(ToString::to_string).collect();
    difference(table, key, DifferenceKind::Different { columns })
}

const TYPES: &str = "
    create table t (
        id int primary key, name text, nick text, score float8, price numeric, zero float8,
        bytes bytea, document json, plain jsonb, list int[], day timestamptz);
    insert into t select n, 'name ' || n, '', 0.1 * n, 1.5, 0.0, decode(lpad(to_hex(n), 8, '0'), 'hex'),
        '{\"a\": 1}', '{\"a\": 1}', array[n, n + 1], '2026-01-01 00:00:00.000001+00'
    from generate_series(1, 5000) n;";

#[tokio::test]
async fn equal_databases_are_equal_and_it_is_remembered() {
    let still = Still::with(TYPES).await;
    let mut primary = still
        .databases
        .mirror_session(Side::Old)
        .await
        .expect("a session");
    let before = last_verification(&mut primary, Side::Old)
        .await
        .expect("an answer");
    assert_eq!(before, None);
    let report = still.verify().await;
    assert!(report.clean, "{report}");
    let table = &report.tables[0];
    assert_eq!(
        (report.tables.len(), table.rows, table.secondary_rows),
        (1, 5000, 5000)
    );
    let last = last_verification(&mut primary, Side::Old)
        .await
        .expect("an answer")
        .expect("one verification");
    assert_eq!((last.clean, last.differences), (true, 0));
    assert_eq!(last.finished_at, report.finished_at);
    assert!((0.0..60.0).contains(&last.age_seconds), "{last:?}");
    let kept = last_report(&still.databases, Side::Old).await.expect("an answer");
    assert_eq!(kept.as_ref(), Some(&report));
}

#[tokio::test]
async fn each_kind_of_corruption_is_found_named_by_key_and_column_and_repaired() {
    let still = Still::with(TYPES).await;
    for (corruption, column) in [
        ("name = 'name 77'", "name"),
        ("name = 'name 4711 '", "name"),
        ("nick = null", "nick"),
        ("score = score + 5.684341886080802e-14", "score"),
        ("price = 1.50", "price"),
        ("zero = '-0.0'", "zero"),
        ("bytes = set_byte(bytes, 3, 0)", "bytes"),
        ("document = '{\"a\":1}'", "document"),
        ("plain = '{\"a\": 1.0}'", "plain"),
        ("list = '[0:1]={4711,4712}'", "list"),
        ("day = day + interval '1 microsecond'", "day"),
    ] {
        let statement = format!("update t set {corruption} where id = 4711");
        still
            .corrupted(&statement, &[different("t", &["4711"], &[column])])
            .await;
    }
    let swap = "update t set name = nick, nick = name where id = 5000";
    still
        .corrupted(swap, &[different("t", &["5000"], &["name", "nick"])])
        .await;
}

#[tokio::test]
async fn one_ulp_is_the_least_that_a_float_can_differ_by() {
    // The corruption above adds 2^-44 to 471.1, whose neighbours are 2^-44 apart.
    let value = 0.1_f64 * 4711.0;
    assert_eq!((value + 5.684_341_886_080_802e-14).to_bits(), value.to_bits() + 1);
}

#[tokio::test]
async fn values_that_only_look_different_are_equal() {
    let still = Still::with(TYPES).await;
    let same = "update t set plain = '{\"a\":   1}', price = 1.5, score = score::text::float8 where id < 100;
                set datestyle = 'SQL, DMY'; set timezone = 'Asia/Kolkata'; set extra_float_digits = 0;";
    still.new.batch_execute(same).await.expect("the same values");
    let defaults = "do $$ begin
        execute format('alter database %I set timezone = ''Asia/Kolkata''', current_database());
        execute format('alter database %I set bytea_output = ''escape''', current_database());
    end $$";
    still
        .new
        .batch_execute(defaults)
        .await
        .expect("other defaults on new");
    let report = still.verify().await;
    assert!(report.clean, "{report}");
}

#[tokio::test]
async fn a_missing_and_an_extra_row_are_found_wherever_they_are() {
    let still = Still::with(TYPES).await;
    for id in ["1", "2500", "5000"] {
        let missing = difference("t", &[id], DifferenceKind::Missing);
        still
            .corrupted(&format!("delete from t where id = {id}"), &[missing])
            .await;
    }
    for id in ["-7", "5001", "2147483647"] {
        let extra = difference("t", &[id], DifferenceKind::Extra);
        still
            .corrupted(&format!("insert into t (id) values ({id})"), &[extra])
            .await;
    }
}

#[tokio::test]
async fn a_row_that_took_the_place_of_another_is_two_differences() {
    let still = Still::with(TYPES).await;
    let renumbered = "update t set id = 6000 where id = 17";
    let expected = [
        difference("t", &["17"], DifferenceKind::Missing),
        difference("t", &["6000"], DifferenceKind::Extra),
    ];
    still.corrupted(renumbered, &expected).await;
}

#[tokio::test]
async fn keys_without_numbers_composite_keys_and_odd_names_are_no_obstacle() {
    let tables = r#"
        create table words (word text primary key, n int);
        insert into words select md5(n::text) || case when n % 2 = 0 then 'Ä ' else '_' end, n from generate_series(1, 9000) n;
        create table "Line ""Items$1" ("Order" uuid, at timestamptz, "from" text not null default '',
            doubled text generated always as ("from" || "from") stored, primary key (at, "Order"));
        insert into "Line ""Items$1" select md5(n::text)::uuid, '2026-01-01'::timestamptz + n / 10 * interval '1 s', n::text
        from generate_series(1, 9000) n;
    "#;
    let still = Still::with(tables).await;
    let word: String = rows(&still.old, "select word from words where n = 4322")
        .await
        .remove(0);
    let word = word.trim_matches(|c| "()\"".contains(c)).to_owned();
    still
        .corrupted(
            "update words set n = -n where n = 4322",
            &[different("words", &[&word], &["n"])],
        )
        .await;
    let of_line = r#"where "from" = '4321'"#;
    let uuid = rows(
        &still.old,
        &format!(r#"select "Order" from "Line ""Items$1" {of_line}"#),
    )
    .await;
    let uuid = uuid[0].trim_matches(['(', ')']);
    let expected = different(r#"Line "Items$1"#, &["2026-01-01 00:07:12+00", uuid], &["from"]);
    still
        .corrupted(
            &format!(r#"update "Line ""Items$1" set "from" = 'x' {of_line}"#),
            &[expected],
        )
        .await;
}

#[tokio::test]
async fn equal_keys_of_different_texts_are_one_key() {
    let table =
        "create table t (amount numeric primary key, v int); insert into t values (1.5, 1), (2, 2), (3.0, 3)";
    let still = Still::with(table).await;
    let corruption = "update t set amount = 1.50 where amount = 1.5; update t set v = 0 where amount = 3";
    let expected = [
        different("t", &["1.5"], &["amount"]),
        different("t", &["3.0"], &["v"]),
    ];
    still.corrupted(corruption, &expected).await;
}

#[tokio::test]
async fn sides_that_sort_their_keys_differently_are_still_compared() {
    let pair = Pair::empty().await;
    let (old, new) = (pair.connect_old().await, pair.connect_new().await);
    let table = |collation: &str| {
        format!(
            "create table t (word text collate \"{collation}\", n int, primary key (word, n));
             insert into t select case n % 3 when 0 then 'a' when 1 then 'B' else 'ä-' end || n, n from generate_series(1, 3000) n"
        )
    };
    old.batch_execute(&table("C"))
        .await
        .expect("a table sorted by bytes");
    new.batch_execute(&table("en-x-icu"))
        .await
        .expect("a table sorted by people");
    let databases = databases(&pair.old_url().await, &pair.new_url().await);
    let report = verified(&databases).await;
    assert!(report.clean, "{report}");
    new.batch_execute("delete from t where n = 7; insert into t values ('ZZ', 1), ('', 2)")
        .await
        .expect("corruption");
    let report = verified(&databases).await;
    let found: Vec<Difference> = report.differences().cloned().collect();
    let expected = [
        difference("t", &["", "2"], DifferenceKind::Extra),
        difference("t", &["B7", "7"], DifferenceKind::Missing),
        difference("t", &["ZZ", "1"], DifferenceKind::Extra),
    ];
    assert_eq!(found, expected);
}

#[tokio::test]
async fn partitioned_and_empty_tables_are_compared() {
    let tables = "
        create table readings (at date, n int, v float8, primary key (at, n)) partition by range (at);
        create table readings_1 partition of readings for values from ('2026-01-01') to ('2026-07-01');
        create table readings_2 partition of readings for values from ('2026-07-01') to ('2027-01-01');
        insert into readings select '2026-01-01'::date + n % 300, n, n from generate_series(1, 5000) n;
        create table nothing (id bigint primary key, v text);";
    let still = Still::with(tables).await;
    let report = still.verify().await;
    assert!(report.clean, "{report}");
    assert_eq!(
        report.tables.iter().map(|table| table.rows).collect::<Vec<_>>(),
        [0, 5000]
    );
    still
        .corrupted(
            "update readings_2 set v = 0 where n = 250",
            &[different("readings", &["2026-09-08", "250"], &["v"])],
        )
        .await;
    let extra = difference("nothing", &["9223372036854775807"], DifferenceKind::Extra);
    still
        .corrupted("insert into nothing values (9223372036854775807, '')", &[extra])
        .await;
}

#[tokio::test]
async fn a_table_that_cannot_be_compared_is_not_called_equal() {
    let still = Still::with("create table a (id int primary key, v int); create table b (v int); create table c (id int primary key)").await;
    still
        .new
        .batch_execute("alter table a drop column v; drop table c")
        .await
        .expect("another schema");
    let report = still.verify().await;
    let reasons: Vec<&str> = report
        .tables
        .iter()
        .filter_map(|table| table.unfinished.as_deref())
        .collect();
    let expected = [
        "the new database lacks its columns v",
        "it has no primary key",
        "the new database has no such table",
    ];
    assert_eq!(reasons, expected);
    assert!(!report.clean);
}

#[tokio::test]
async fn a_table_that_differs_everywhere_is_given_up_early() {
    let still = Still::with("create table t (id int primary key, v int); insert into t select n, n from generate_series(1, 50000) n").await;
    still
        .new
        .batch_execute("truncate t")
        .await
        .expect("an empty table");
    let options = VerifyOptions {
        most_differences: 1000,
        ..VerifyOptions::default()
    };
    let report = verify(&still.databases, Side::Old, &options, |_| {})
        .await
        .expect("a verification");
    let table = &report.tables[0];
    assert_eq!(
        (table.missing, table.unfinished.as_deref()),
        (1000, Some("1000 rows differ: copy it again"))
    );
}

#[tokio::test]
async fn many_rows_that_only_seem_to_differ_hide_none_that_does() {
    // Blanks at the end of a character(n) are no part of its value, so every row's text differs and no row does.
    let pair = Pair::empty().await;
    for (side, length) in [(pair.connect_old().await, 10), (pair.connect_new().await, 12)] {
        let table = format!(
            "create table t (id int primary key, code character({length}), v int); \
             insert into t select n, n, n from generate_series(1, 5000) n"
        );
        side.batch_execute(&table).await.expect("a table");
    }
    pair.connect_new()
        .await
        .batch_execute("update t set v = 0 where id in (1, 4999)")
        .await
        .expect("corruption");
    let databases = databases(&pair.old_url().await, &pair.new_url().await);
    let options = VerifyOptions {
        most_differences: 100,
        ..VerifyOptions::default()
    };
    let report = verify(&databases, Side::Old, &options, |_| {})
        .await
        .expect("a verification");
    let found: Vec<Difference> = report.differences().cloned().collect();
    let expected = [different("t", &["1"], &["v"]), different("t", &["4999"], &["v"])];
    assert_eq!(found, expected);
}

#[tokio::test]
async fn random_corruption_is_found_to_the_row() {
    let seed = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(1, |time| time.as_micros());
    let mut state = seed;
    let mut random = |below: u128| {
        // Knuth's MMIX generator; its low bits are weak.
        state = (state * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407) % (1 << 64);
        (state >> 33) % below
    };
    let still = Still::with(
        "create table t (a int, b text, v int, w text, primary key (a, b));
         insert into t select n / 10, n, n, n from generate_series(0, 39999) n",
    )
    .await;
    let mut expected = std::collections::BTreeMap::new();
    for _ in 0..40 {
        let n = random(40_000);
        let (a, b) = (n / 10, n);
        let (change, kind) = match random(4) {
            0 => (
                format!("delete from t where a = {a} and b = '{b}'"),
                DifferenceKind::Missing,
            ),
            1 => (
                format!("insert into t values ({a}, '{b}x', 0) on conflict do nothing"),
                DifferenceKind::Extra,
            ),
            2 => (
                format!("update t set v = -1 where a = {a} and b = '{b}'"),
                DifferenceKind::Different {
                    columns: vec!["v".to_owned()],
                },
            ),
            _ => (
                format!("update t set w = null where a = {a} and b = '{b}'"),
                DifferenceKind::Different {
                    columns: vec!["w".to_owned()],
                },
            ),
        };
        let b = if kind == DifferenceKind::Extra {
            format!("{b}x")
        } else {
            b.to_string()
        };
        // A row that was corrupted once stays as it is, so that what to expect is plain.
        if expected.contains_key(&(a.to_string(), b.clone())) {
            continue;
        }
        still.new.batch_execute(&change).await.expect("corruption");
        expected.insert((a.to_string(), b), kind);
    }
    let options = VerifyOptions {
        range_time: Duration::from_millis(u64::try_from(random(50)).unwrap_or(0)),
        ..VerifyOptions::default()
    };
    let report = verify(&still.databases, Side::Old, &options, |_| {})
        .await
        .expect("a verification");
    let found: std::collections::BTreeMap<_, _> = report
        .differences()
        .map(|difference| {
            (
                (difference.key[0].clone(), difference.key[1].clone()),
                difference.kind.clone(),
            )
        })
        .collect();
    assert_eq!(found, expected, "seed {seed}");
    assert_eq!(report.differences().count(), expected.len(), "seed {seed}");
}

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
