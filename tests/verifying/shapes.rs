//! Keys and tables of every shape are compared, and what cannot be is not called equal.

use crossfade::databases::Side;
use crossfade::verify::{Difference, DifferenceKind, VerifyOptions, verify};

use super::still::{Still, difference, different, verified};
use crate::support::databases::Pair;
use crate::support::migration::{databases, rows};

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
