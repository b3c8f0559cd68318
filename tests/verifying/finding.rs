//! Whatever differs is found and named, and nothing else is.

use std::time::Duration;

use crossfade::databases::Side;
use crossfade::verify::{DifferenceKind, VerifyOptions, last_report, last_verification, verify};

use super::still::{Still, TYPES, difference, different};

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
    for column in ["name", "bytes", "score"] {
        let exchange = format!(
            "update t set {column} = o.{column} from t o where t.id in (17, 4711) and o.id = 17 + 4711 - t.id"
        );
        let expected = [
            different("t", &["17"], &[column]),
            different("t", &["4711"], &[column]),
        ];
        still.corrupted(&exchange, &expected).await;
    }
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
