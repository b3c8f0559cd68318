//! A server that has missed the change of primary: its writes meet the fence and go on, its reads are checked.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crossfade::databases::{Side, Step};
use crossfade::flags::Route;
use crossfade::routing::{Crossfade, CrossfadeOptions, OnceKey};
use diesel_async::RunQueryDsl as _;
use tokio::sync::Notify;

use super::stage::{Stage, number};
use crate::support::migration::{Migration, context, databases, eventually};
use crate::support::steps::Steps;

const NAME: &str = "select name from customers where id = 123";

#[derive(diesel::QueryableByName)]
struct Name {
    #[diesel(sql_type = diesel::sql_types::Text)]
    name: String,
}

async fn rename(crossfade: &Crossfade, name: &str) {
    let sql = format!("update customers set name = '{name}' where id = 123");
    let written = crossfade
        .write(&context("123"), None, async |connection| {
            diesel::sql_query(&sql).execute(connection).await
        })
        .await;
    assert_eq!(written.expect("a write").value, 1);
}

/// The shop with one server, watched or not.
async fn with_server(steps: Option<&Steps>) -> (Stage, Migration) {
    let stage = Stage::started().await;
    let mut between = databases(&stage.pair.old_url().await, &stage.pair.new_url().await);
    if let Some(steps) = steps {
        between = between.watched(steps.watcher());
    }
    let server = Migration::between(&stage.pair, between).await;
    stage.verify().await;
    (stage, server)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_began_before_the_switch_is_done_once_and_on_new() {
    let (stage, server) = with_server(None).await;
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let runs = Arc::new(AtomicU32::new(0));
    let writing = {
        let (crossfade, begun, go_on, runs) = (
            server.crossfade.clone(),
            begun.clone(),
            go_on.clone(),
            runs.clone(),
        );
        tokio::spawn(async move {
            let user = context("123");
            let written = crossfade.write(&user, None, async |connection| {
                if runs.fetch_add(1, Ordering::Relaxed) == 0 {
                    begun.notify_one();
                    go_on.notified().await;
                }
                diesel::sql_query("insert into orders (customer_id, note) values (123, 'across')")
                    .execute(connection)
                    .await
            });
            written.await
        })
    };
    begun.notified().await;
    stage.switch().await;
    go_on.notify_one();
    let written = writing
        .await
        .expect("a task")
        .expect("a write that nobody refuses");
    assert_eq!((written.value, AtomicU32::load(&runs, Ordering::Relaxed)), (1, 2));
    let across = "select count(*) from orders where note = 'across'";
    assert_eq!(number(&stage.new, across).await, 1);
    eventually("old follows", async || number(&stage.old, across).await == 1).await;
    server.crossfade.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_old_showed_before_the_switch_is_not_served_after_it() {
    let steps = Steps::default();
    let (stage, stale) = with_server(Some(&steps)).await;
    let other = Migration::between(
        &stage.pair,
        databases(&stage.pair.old_url().await, &stage.pair.new_url().await),
    )
    .await;
    rename(&stale.crossfade, "before").await;
    let shown = steps.hold(Step::Shown);
    let reading = {
        let crossfade = stale.crossfade.clone();
        tokio::spawn(async move {
            let user = context("9");
            let read = crossfade.read(&user, None, async |connection| {
                diesel::sql_query(NAME).get_result::<Name>(connection).await
            });
            read.await.expect("a read that somebody answers")
        })
    };
    let held = shown.arrived().await;
    stage.switch().await;
    rename(&other.crossfade, "after").await;
    held.let_go();
    let read = reading.await.expect("a task");
    assert_eq!(read.value.name, "after");
    stale.crossfade.stop().await;
    other.crossfade.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_kept_before_the_switch_is_given_again_after_it() {
    let (stage, server) = with_server(None).await;
    let insert = |note: &'static str| {
        let crossfade = server.crossfade.clone();
        async move {
            let key = OnceKey::new(&[b"a test"], note, &[b"insert"]);
            let sql = format!("insert into orders (customer_id, note) values (123, '{note}')");
            let user = context("123");
            let once = crossfade.write_once(&user, None, &key, async |connection| {
                diesel::sql_query(&sql).execute(connection).await
            });
            once.await.expect("a write").repeated
        }
    };
    assert!(!insert("first").await);
    stage.switch().await;
    assert!(insert("first").await, "done twice after the switch");
    assert!(!insert("second").await);
    stage.roll_back().await;
    assert!(
        insert("first").await && insert("second").await,
        "done twice after the rollback"
    );
    for note in ["first", "second"] {
        let sql = format!("select count(*) from orders where note = '{note}'");
        assert_eq!(number(&stage.old, &sql).await, 1);
    }
    server.crossfade.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_user_is_served_by_the_side_that_the_flags_say_and_sees_what_he_wrote() {
    let (stage, server) = with_server(None).await;
    stage.switch().await;
    eventually("the server knows", async || {
        server.crossfade.primary() == Side::New
    })
    .await;
    for (read, write) in [(false, false), (false, true), (true, true)] {
        server.flags.fix(Route { write, read });
        let name = format!("read {read} write {write}");
        rename(&server.crossfade, &name).await;
        let answer = server
            .crossfade
            .read(&context("123"), None, async |connection| {
                diesel::sql_query(NAME).get_result::<Name>(connection).await
            })
            .await
            .expect("a read");
        assert_eq!(answer.value.name, name);
        if read {
            assert_eq!(answer.side, Side::New);
        }
        // Once old has it, whom the flags send there is served there.
        eventually("the flags are followed", async || {
            let answer = server
                .crossfade
                .read(&context("123"), None, async |connection| {
                    diesel::sql_query(NAME).get_result::<Name>(connection).await
                })
                .await
                .expect("a read");
            assert_eq!(answer.value.name, name);
            (answer.side == Side::New) == read
        })
        .await;
    }
    server.crossfade.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_starts_after_the_switch_finds_the_primary_with_old_gone_too() {
    let (stage, server) = with_server(None).await;
    stage.switch().await;
    server.crossfade.stop().await;
    let nowhere = "postgres://nobody@127.0.0.1:1/nothing";
    let alone = Crossfade::start(
        databases(nowhere, &stage.pair.new_url().await),
        server.flags.clone(),
        CrossfadeOptions::default(),
    )
    .await;
    assert_eq!(alone.primary(), Side::New);
    rename(&alone, "without old").await;
    alone.stop().await;
}
