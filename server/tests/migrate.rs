//! `crossfade migrate preflight`, `schema`, `verify` and `repair`, as an operator runs them.

#![expect(
    clippy::expect_used,
    reason = "a test whose surroundings fail should fail and say where"
)]

use std::process::{Command, Output};

use crossfade::cluster::{Cluster, Options};

fn migrate(command: &str, old: &str, new: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_crossfade"))
        .arg("migrate")
        .args(command.split(' '))
        .args(["--format", "json"])
        .env("OLD_DATABASE_URL", old)
        .env("NEW_DATABASE_URL", new)
        .output()
        .expect("a command that runs")
}

fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap_or_default()
}

#[tokio::test]
async fn what_verify_finds_repair_mends_and_exit_codes_tell() {
    let cluster = Cluster::start(Options::fast()).await.expect("a cluster");
    for name in ["old", "new"] {
        cluster.create_database(name).await.expect("a database");
        let client = cluster.connect(name).await.expect("a connection");
        let table = "create table t (id int primary key, v text); insert into t select n, n from generate_series(1, 100) n";
        client.batch_execute(table).await.expect("a table");
    }
    let (old, new) = (cluster.url("old"), cluster.url("new"));
    let early = migrate("repair", &old, &new);
    assert_eq!(early.status.code(), Some(2), "nothing was verified yet");
    assert_eq!(migrate("verify", &old, &new).status.code(), Some(0));

    let client = cluster.connect("new").await.expect("a connection");
    client
        .batch_execute("update t set v = 'x' where id = 7; delete from t where id = 8")
        .await
        .expect("corruption");
    let found = migrate("verify", &old, &new);
    assert_eq!(found.status.code(), Some(1), "{found:?}");
    let report = json(&found);
    let expected = serde_json::json!([
        {"schema": "public", "table": "t", "key": ["7"], "kind": "different", "columns": ["v"]},
        {"schema": "public", "table": "t", "key": ["8"], "kind": "missing"},
    ]);
    assert_eq!(
        (&report["clean"], &report["tables"][0]["differences"]),
        (&false.into(), &expected)
    );

    let repaired = migrate("repair", &old, &new);
    assert_eq!(
        (repaired.status.code(), &json(&repaired)["repaired"]),
        (Some(0), &2.into())
    );
    assert_eq!(migrate("verify", &old, &new).status.code(), Some(0));

    let nowhere = migrate("verify", &old, "postgres://postgres@127.0.0.1:1/new");
    assert_eq!(nowhere.status.code(), Some(2));
    let message = json(&nowhere)["error"]["message"].to_string();
    assert!(
        message.contains("cannot connect to the new database"),
        "{message}"
    );
}

#[tokio::test]
async fn what_preflight_prints_mends_what_blocks_and_the_structure_follows() {
    let cluster = Cluster::start(Options::fast()).await.expect("a cluster");
    for name in ["old", "new"] {
        cluster.create_database(name).await.expect("a database");
    }
    let old_database = cluster.connect("old").await.expect("a connection");
    let table = "create table t (id int not null, v text); create unique index ids on t (id); create index vs on t (v)";
    old_database.batch_execute(table).await.expect("a table");
    let (old, new) = (cluster.url("old"), cluster.url("new"));

    let blocked = migrate("preflight", &old, &new);
    assert_eq!(blocked.status.code(), Some(1), "{blocked:?}");
    let report = json(&blocked);
    let keys = report["checks"]
        .as_array()
        .and_then(|checks| checks.iter().find(|check| check["name"] == "keys"))
        .expect("the check of keys");
    let mend = &keys["findings"][0]["mend"];
    assert_eq!(
        mend["statements"],
        serde_json::json!(["alter table public.t add primary key using index ids"])
    );
    let statement = mend["statements"][0].as_str().expect("a statement");
    old_database.batch_execute(statement).await.expect("mended");
    for transport in ["journal", "publish-subscribe"] {
        let sound = migrate(&format!("preflight --transport {transport}"), &old, &new);
        assert_eq!(sound.status.code(), Some(0), "{sound:?}");
        assert_eq!(json(&sound)["transport"], transport);
    }

    assert_eq!(
        migrate("schema", &old, &new).status.code(),
        Some(1),
        "new is empty"
    );
    let shown = migrate("schema --apply before-copy --dry-run", &old, &new);
    assert!(
        json(&shown).to_string().contains("CREATE TABLE public.t"),
        "{shown:?}"
    );
    assert_eq!(
        json(&migrate("schema", &old, &new))["differences"][0]["kind"],
        "missing"
    );
    for (section, made) in [("before-copy", 2), ("after-copy", 1)] {
        let applied = migrate(&format!("schema --apply {section}"), &old, &new);
        assert_eq!(applied.status.code(), Some(0), "{applied:?}");
        assert_eq!(json(&applied)["made"], made);
    }
    assert_eq!(migrate("schema", &old, &new).status.code(), Some(0));

    let nowhere = migrate("preflight", &old, "postgres://postgres@127.0.0.1:1/new");
    assert_eq!(nowhere.status.code(), Some(2));
}

/// Every command that changes anything says beforehand what it would do, with the SQL, and does nothing.
#[tokio::test]
async fn each_stage_is_explained_before_it_is_done_and_a_stream_is_begun_shown_and_ended() {
    let cluster = Cluster::start(Options::fast()).await.expect("a cluster");
    for name in ["old", "new"] {
        cluster.create_database(name).await.expect("a database");
        let client = cluster.connect(name).await.expect("a connection");
        client
            .batch_execute("create table t (id int primary key, v text)")
            .await
            .expect("a table");
    }
    let old_database = cluster.connect("old").await.expect("a connection");
    old_database
        .batch_execute("insert into t select n, 'v' from generate_series(1, 100) n")
        .await
        .expect("rows");
    let (old, new) = (cluster.url("old"), cluster.url("new"));
    for (command, sql) in [
        ("start", "create trigger crossfade_insert"),
        (
            "start --transport publish-subscribe",
            "create subscription crossfade_to_new",
        ),
        ("pause", "set paused = true"),
        ("resume", "set paused = false"),
        ("complete", "set default_transaction_read_only = on"),
        ("abort", "drop schema crossfade cascade"),
    ] {
        let shown = migrate(&format!("{command} --dry-run"), &old, &new);
        assert_eq!(shown.status.code(), Some(0), "{command}: {shown:?}");
        let steps = json(&shown)["steps"].to_string();
        assert!(steps.contains(sql), "{command}: {steps}");
    }
    let exists = "select count(*) from pg_namespace where nspname = 'crossfade'";
    let made: i64 = old_database.query_one(exists, &[]).await.expect("a count").get(0);
    assert_eq!(made, 0, "something was done");

    let started = migrate(
        "start --transport publish-subscribe --who me --why CHG-1",
        &old,
        &new,
    );
    assert_eq!(started.status.code(), Some(0), "{started:?}");
    let status = json(&migrate("status", &old, &new));
    assert_eq!(
        (
            &status["transport"],
            &status["copied"],
            &status["stream"]["troubles"]
        ),
        (&"publish-subscribe".into(), &true.into(), &serde_json::json!([])),
        "{status}"
    );
    assert_eq!(
        (&status["events"][0]["who"], &status["events"][0]["why"]),
        (&"me".into(), &"CHG-1".into())
    );
    let shown = migrate("switch --rules ../rules --dry-run", &old, &new);
    assert_eq!(shown.status.code(), Some(1), "gates are closed: {shown:?}");
    let steps = json(&shown)["steps"].to_string();
    assert!(
        steps.contains("pg_replication_slot_advance('crossfade_to_old_"),
        "{shown:?}"
    );
    let ended = migrate("abort", &old, &new);
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    let left = "select (select count(*) from pg_replication_slots) + (select count(*) from pg_subscription)";
    let left: i64 = old_database.query_one(left, &[]).await.expect("a count").get(0);
    assert_eq!(left, 0);
}
