//! Every type that PostgreSQL 15 brings arrives bit for bit, by copy and by mirror.

use futures_util::TryStreamExt as _;
use tokio_postgres::Client;

use crate::support::databases::Pair;
use crate::support::migration::Migration;

/// A type and the literals that try it (an empty `int2vector` PostgreSQL itself cannot read in binary), where going through text, JSON or a double might lose something.
const TYPES: &[(&str, &[&str])] = &[
    ("boolean", &["true", "false"]),
    ("smallint", &["-32768", "32767"]),
    ("integer", &["-2147483648", "2147483647"]),
    ("bigint", &["-9223372036854775808", "9223372036854775807"]),
    (
        "real",
        &[
            "NaN",
            "Infinity",
            "-Infinity",
            "-0",
            "1e-45",
            "3.4028235e38",
            "0.1",
        ],
    ),
    (
        "double precision",
        &[
            "NaN",
            "-Infinity",
            "-0",
            "5e-324",
            "1.7976931348623157e308",
            "0.1",
            "0.30000000000000004",
        ],
    ),
    (
        "numeric",
        &[
            "NaN",
            "Infinity",
            "-Infinity",
            "1.50",
            "1.5",
            "0.000",
            "-0.00",
            "123456789012345678901234567890.123456789",
        ],
    ),
    ("numeric(20, 5)", &["1.50000", "-99999999999999.99999"]),
    ("money", &["-92233720368547758.08", "0.01"]),
    (
        "text",
        &[
            "",
            " ",
            "NULL",
            "é ü 漢字 🦀",
            "a\nb\tc\\d",
            "'\"",
            "{}",
            "\\N",
            "$1",
        ],
    ),
    ("varchar(9)", &["", "a  ", "漢字"]),
    ("character(5)", &["a", "  a  ", ""]),
    ("bpchar", &["a  ", "", "  "]),
    ("\"char\"", &["a", ""]),
    ("name", &["a name", ""]),
    ("bytea", &["\\x", "\\x00ff5c27", "\\xdeadbeef"]),
    (
        "date",
        &[
            "infinity",
            "-infinity",
            "4713-01-01 BC",
            "5874897-12-31",
            "0001-01-01 BC",
            "2024-02-29",
        ],
    ),
    ("time", &["00:00:00", "24:00:00", "23:59:59.999999"]),
    (
        "time with time zone",
        &["00:00:00+15:59", "24:00:00-15:59", "12:00:00.000001+05:30"],
    ),
    (
        "timestamp",
        &[
            "infinity",
            "-infinity",
            "4713-11-24 00:00:00 BC",
            "294276-12-31 23:59:59.999999",
        ],
    ),
    (
        "timestamp with time zone",
        &[
            "infinity",
            "-infinity",
            "2026-03-29 01:30:00.000001+00",
            "1883-11-18 12:03:58+00",
        ],
    ),
    ("timestamp(3)", &["2026-01-01 00:00:00.123"]),
    (
        "interval",
        &[
            "1 year -2 mons 3 days -04:05:06.000007",
            "-178000000 years",
            "0",
            "1 day -1 sec",
        ],
    ),
    (
        "uuid",
        &[
            "00000000-0000-0000-0000-000000000000",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
        ],
    ),
    (
        "json",
        &[
            "{\"a\": 1,  \"a\":2}",
            "null",
            "[1.0, 1e2]",
            "\"\\u0000\"",
            " {} ",
        ],
    ),
    (
        "jsonb",
        &["{\"a\": 1, \"b\": [1.10, null]}", "null", "1e400", "\"\\u00e9\""],
    ),
    ("jsonpath", &["$.a[*] ? (@ > 1)"]),
    ("xml", &["<a b=\"1\">&amp; x</a>", "text only", ""]),
    ("inet", &["10.1.2.3/8", "::1", "255.255.255.255"]),
    ("cidr", &["10.0.0.0/8", "2001:db8::/32"]),
    ("macaddr", &["08:00:2b:01:02:03"]),
    ("macaddr8", &["08:00:2b:01:02:03:04:05"]),
    ("bit(3)", &["101", "000"]),
    ("bit varying", &["", "1", "0101010101"]),
    ("bit varying(5)", &["10101"]),
    ("point", &["(0.1,-0)", "(NaN,Infinity)"]),
    ("line", &["{1,-1,0.1}"]),
    ("lseg", &["[(0,0),(1e-300,1)]"]),
    ("box", &["(1,1),(0.1,0)"]),
    ("path", &["((0,0),(1,1))", "[(0,0),(0.1,1)]"]),
    ("polygon", &["((0,0),(1,1),(1,0.1))"]),
    ("circle", &["<(0,0),0.1>"]),
    ("tsvector", &["'a':1A,2B 'b c':3", ""]),
    ("tsquery", &["'a' & !'b' <2> 'c':*A"]),
    ("int4range", &["empty", "[1,5)", "(,)", "[1,)"]),
    ("int8range", &["[-9223372036854775808,0)"]),
    ("numrange", &["[1.50,2.0]", "(,1.5]", "empty"]),
    (
        "tsrange",
        &["[2026-01-01 00:00:00,infinity)", "[2026-01-01,infinity]"],
    ),
    ("tstzrange", &["[2026-01-01 00:00:00.000001+00,)"]),
    ("daterange", &["[2026-01-01,2026-02-01)", "[infinity,infinity]"]),
    ("int4multirange", &["{}", "{[1,3),[5,9)}"]),
    ("nummultirange", &["{[1.0,1.50],[2,)}"]),
    (
        "tstzmultirange",
        &["{[2026-01-01 00:00:00+00,2026-01-02 00:00:00+00)}"],
    ),
    (
        "integer[]",
        &["{}", "{1,NULL,3}", "[0:2]={1,2,3}", "[-1:0][2:3]={{1,2},{3,4}}"],
    ),
    (
        "text[]",
        &[
            "{}",
            "{NULL,\"NULL\",\"\",\"a,b\",\"{\",\"\\\"\",\"\\\\\"}",
            "{{a,b},{c,d}}",
        ],
    ),
    ("double precision[]", &["{NaN,-0,5e-324,Infinity}"]),
    ("timestamptz[]", &["{infinity,\"2026-01-01 00:00:00.000001+00\"}"]),
    ("bytea[]", &["{\"\\\\x00ff\",\"\\\\x\"}"]),
    ("jsonb[]", &["{\"{\\\"a\\\": 1}\",NULL}"]),
    ("oid", &["0", "4294967295"]),
    ("xid", &["4294967295"]),
    ("xid8", &["18446744073709551615"]),
    ("cid", &["7"]),
    ("tid", &["(4294967295,65535)"]),
    ("pg_lsn", &["0/0", "FFFFFFFF/FFFFFFFF"]),
    ("pg_snapshot", &["10:20:10,14,15"]),
    ("txid_snapshot", &["10:20:10,14,15"]),
    ("int2vector", &["1 2 3"]),
    ("oidvector", &["1 4294967295"]),
    ("regclass", &["pg_class", "-"]),
    ("regtype", &["integer", "timestamp with time zone"]),
    ("regproc", &["pg_catalog.now"]),
    ("regprocedure", &["abs(numeric)"]),
    ("regoperator", &["+(integer,integer)"]),
    ("regrole", &["pg_monitor"]),
    ("regnamespace", &["pg_catalog"]),
    ("regconfig", &["english"]),
    ("regdictionary", &["english_stem"]),
    ("regcollation", &["\"C\""]),
];

/// Types that a schema brings, and those of two well-known extensions.
const OWN_TYPES: &str = r#"
    create extension hstore; create extension citext;
    create type "Mood" as enum ('so, so', 'good''', 'none');
    create domain price as numeric(10, 2) check (value >= 0);
    create domain prices as price[];
    create type place as (name text, "at" point, moods "Mood"[]);
    create type span as range (subtype = float8);
"#;
const OWN: &[(&str, &[&str])] = &[
    ("hstore", &["\"a\"=>\"1\", \"b\"=>NULL, \"\"=>\"\\\"\"", ""]),
    ("citext", &["MiXed", ""]),
    ("citext[]", &["{A,a}"]),
    ("\"Mood\"", &["so, so", "good'"]),
    ("\"Mood\"[]", &["{\"so, so\",none}"]),
    ("price", &["1.50", "0.00"]),
    ("prices", &["{1.50,NULL}"]),
    (
        "place",
        &["(\"a \"\"b\"\", c\",\"(0.1,-0)\",\"{\"\"so, so\"\"}\")", "(,,)"],
    ),
    ("place[]", &["{\"(x,,)\"}"]),
    ("span", &["[0.1,Infinity]", "empty"]),
];

fn table(number: usize, type_name: &str) -> String {
    format!("create table t{number} (id int generated always as identity primary key, v {type_name});")
}

fn insert(number: usize, values: &[&str]) -> String {
    let rows: Vec<String> = values
        .iter()
        .map(|value| format!("('{}')", value.replace('\'', "''")))
        .collect();
    format!("insert into t{number} (v) values {}, (null);", rows.join(", "))
}

/// What PostgreSQL sends of a table in its binary format.
async fn binary(client: &Client, number: usize) -> Vec<u8> {
    let copy = format!("copy (select * from t{number} order by id) to stdout binary");
    let chunks = client.copy_out(&copy).await.expect("a copy out");
    let chunks: Vec<_> = chunks.try_collect().await.expect("all of it");
    chunks.concat()
}

async fn arrive(types: &[(&str, &[&str])], own_types: &str, same: impl AsyncFn(&Migration, usize) -> bool) {
    let pair = Pair::empty().await;
    let mut tables = own_types.to_owned();
    let mut rows = String::new();
    for (number, (type_name, values)) in types.iter().enumerate() {
        tables.push_str(&table(number, type_name));
        rows.push_str(&insert(number, values));
    }
    pair.connect_old()
        .await
        .batch_execute(&tables)
        .await
        .expect("tables");
    pair.connect_new()
        .await
        .batch_execute(&tables)
        .await
        .expect("tables");
    pair.connect_old()
        .await
        .batch_execute(&rows)
        .await
        .expect("rows to copy");
    let migration = Migration::begin(&pair).await;
    let odd = "set datestyle = 'German'; set intervalstyle = 'iso_8601'; set bytea_output = 'escape';
               set extra_float_digits = -5; set timezone = 'Asia/Kathmandu';";
    migration
        .old
        .batch_execute(odd)
        .await
        .expect("settings that print otherwise");
    migration.old.batch_execute(&rows).await.expect("rows to mirror");
    let again: Vec<String> = (0..types.len())
        .map(|number| format!("update t{number} set v = v where id = 1"))
        .collect();
    migration
        .old
        .batch_execute(&again.join("; "))
        .await
        .expect("changes to mirror");
    migration.drain().await;
    let mut lost = Vec::new();
    for (number, (type_name, values)) in types.iter().enumerate() {
        let count = format!("select count(*) from t{number}");
        let rows: i64 = migration
            .new
            .query_one(&count, &[])
            .await
            .expect("a count")
            .get(0);
        let all_there = usize::try_from(rows) == Ok(2 * (values.len() + 1));
        if !all_there || !same(&migration, number).await {
            lost.push(*type_name);
        }
    }
    assert!(lost.is_empty(), "not equal on both sides: {lost:?}");
}

#[tokio::test]
async fn every_built_in_type_arrives_bit_for_bit() {
    arrive(TYPES, "", async |migration, number| {
        binary(&migration.old, number).await == binary(&migration.new, number).await
    })
    .await;
}

#[tokio::test]
async fn enums_domains_composites_ranges_and_extensions_arrive() {
    // Their binary format names types by numbers that differ between databases, so their text is compared.
    arrive(OWN, OWN_TYPES, async |migration, number| {
        migration
            .old
            .batch_execute("reset all")
            .await
            .expect("plain settings");
        let (old, new) = migration
            .both(&format!("select id, v::text from t{number} order by id"))
            .await;
        old == new
    })
    .await;
}
