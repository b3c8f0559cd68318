//! A closed gate says why, and nothing has happened.

use std::time::Duration;

use crossfade::databases::{Side, Step};
use crossfade::migration::{Differences, Drift, Proof, Rules, status};
use crossfade::migration::{MigrationError, TurnOptions, Verdict, abort, gates, pause, resume, switch};

use super::stage::{Stage, everybody_on_new, number};
use crate::support::databases::Pair;
use crate::support::steps::Steps;

/// The names of the gates that are closed for a switch, and what they say.
async fn closed(stage: &Stage, options: &TurnOptions) -> Vec<(&'static str, String)> {
    let gates = gates(&stage.operator, Side::New, options).await.expect("gates");
    let closed = gates
        .gates
        .into_iter()
        .filter(|gate| gate.verdict == Verdict::Closed);
    closed.map(|gate| (gate.name, gate.evidence)).collect()
}

#[tokio::test]
async fn each_gate_that_is_closed_is_named_with_its_evidence() {
    let stage = Stage::started().await;
    let nobody_looked = TurnOptions::default();
    let plain = everybody_on_new(&stage.databases).await.expect("a status");
    let names =
        |closed: Vec<(&'static str, String)>| closed.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(names(closed(&stage, &plain).await), ["verification"]);
    stage.verify().await;
    assert_eq!(closed(&stage, &plain).await, []);
    assert_eq!(names(closed(&stage, &nobody_looked).await), ["rules"]);

    let at_once = TurnOptions {
        verified_within: Duration::ZERO,
        ..plain.clone()
    };
    assert_eq!(names(closed(&stage, &at_once).await), ["verification"]);

    let refuted = TurnOptions {
        rules: Some(Rules {
            version: "v".to_owned(),
            read: Proof::Refuted {
                context: "user_id = 900".to_owned(),
            },
            write: Proof::Proved,
        }),
        ..plain.clone()
    };
    let found = closed(&stage, &refuted).await;
    assert_eq!(
        found[0],
        ("rules", "`read` is false for user_id = 900".to_owned())
    );

    pause(&stage.operator).await.expect("a pause");
    assert_eq!(names(closed(&stage, &plain).await), ["mirrors"]);
    resume(&stage.operator).await.expect("an end of the pause");

    stage
        .old
        .batch_execute("create table later (id bigint primary key)")
        .await
        .expect("a table");
    let found = closed(&stage, &plain).await;
    assert_eq!(
        found,
        [
            ("tables", "not captured, or not copied: public.later".to_owned()),
            ("schema", found[1].1.clone()),
        ]
    );
    assert!(found[1].1.contains("table public.later"), "{}", found[1].1);
    stage
        .old
        .batch_execute("drop table later; create sequence tickets")
        .await
        .expect("a sequence");
    let found = closed(&stage, &plain).await;
    assert_eq!(found[0].0, "schema");
    assert!(
        found[0].1.contains("missing    sequence public.tickets"),
        "{found:?}"
    );
    assert_eq!(
        found[1..],
        [("sequences", "public.tickets is not on new".to_owned())]
    );
    stage
        .old
        .batch_execute("drop sequence tickets")
        .await
        .expect("no sequence");

    stage
        .new
        .batch_execute("alter table orders add constraint positive check (id > 0) not valid")
        .await
        .expect("a constraint");
    let found = closed(&stage, &plain).await;
    assert_eq!(names(found.clone()), ["schema", "constraints"]);
    assert_eq!(found[1].1, "not valid on new: positive of public.orders");
}

#[tokio::test]
async fn a_schema_that_has_drifted_is_seen_and_keeps_the_switch_from_being_done() {
    let stage = Stage::started().await;
    stage.verify().await;
    stage
        .old
        .batch_execute("alter table orders alter column note set default 'none'")
        .await
        .expect("another default");
    let mut seen = status(&stage.databases).await.expect("a status");
    seen.look_further(&stage.databases).await.expect("more of it");
    let Some(Drift::Differences(differences)) = &seen.drift else {
        panic!("{:?}", seen.drift);
    };
    assert!(
        differences.len() == 1 && differences[0].contains("public.orders.note"),
        "{differences:?}"
    );
    assert!(seen.to_string().contains(&differences[0]), "{seen}");

    let plain = everybody_on_new(&stage.databases).await.expect("a status");
    let found = closed(&stage, &plain).await;
    assert_eq!(found, [("schema", differences[0].clone())]);
    let knowing = TurnOptions {
        differences: Differences::Accepted,
        ..plain.clone()
    };
    assert_eq!(closed(&stage, &knowing).await, []);

    stage
        .new
        .batch_execute("alter table orders alter column note set default 'none'")
        .await
        .expect("the same default");
    assert_eq!(closed(&stage, &plain).await, []);
    let mut seen = status(&stage.databases).await.expect("a status");
    seen.look_further(&stage.databases).await.expect("more of it");
    assert_eq!(seen.drift, Some(Drift::None));
}

#[tokio::test]
async fn a_switch_that_is_refused_changes_nothing_and_says_what_to_do() {
    let stage = Stage::started().await;
    let refused = switch(&stage.operator, &TurnOptions::default(), &mut |_| {}).await;
    let Err(MigrationError::Refused(gates)) = refused else {
        panic!("{refused:?}");
    };
    let text = gates.to_string();
    assert!(text.contains("nothing has happened"), "{text}");
    assert!(text.contains("→ crossfade migrate verify"), "{text}");
    assert_eq!(stage.primary().await, Side::Old);
    let left = number(&stage.new, "select count(to_regclass('crossfade.migration'))").await;
    assert_eq!(left, 0, "new was touched");
}

#[tokio::test]
async fn who_has_just_left_keeps_nobody_out() {
    let stage = Stage::started().await;
    stage
        .old
        .batch_execute("select pg_advisory_lock(hashtextextended('crossfade operator', 0))")
        .await
        .expect("a lock");
    let operator = stage.operator.clone();
    let turning = tokio::spawn(async move { switch(&operator, &TurnOptions::default(), &mut |_| {}).await });
    // Until whoever comes next has been told once that somebody is there.
    let asked = "select count(*) from pg_stat_activity where query like 'select pg_try_advisory_lock(%' and state = 'idle'";
    while number(&stage.old, asked).await == 0 && !turning.is_finished() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    stage
        .old
        .batch_execute("select pg_advisory_unlock_all()")
        .await
        .expect("no lock");
    let refused = turning.await.expect("an operator");
    assert!(matches!(refused, Err(MigrationError::Refused(_))), "{refused:?}");
}

#[tokio::test]
async fn whoever_writes_past_crossfade_is_told_where_to_go() {
    let stage = Stage::started().await;
    stage.verify().await;
    stage.switch().await;
    for statement in [
        "insert into orders (customer_id, note) values (1, 'lost?')",
        "update orders set note = 'lost?' where id = 1",
        "delete from orders where id = 1",
        "truncate order_lines",
    ] {
        let refused = stage
            .old
            .batch_execute(statement)
            .await
            .expect_err("old is fenced");
        let refusal = refused.as_db_error().expect("PostgreSQL's own word");
        assert_eq!(refusal.constraint(), Some("crossfade_fence"), "{statement}");
        assert!(refusal.message().contains("has moved"), "{refusal:?}");
        let new = stage.pair.new_url().await;
        let port = new.rsplit(':').next().expect("a port");
        assert!(
            refusal.hint().is_some_and(|hint| hint.contains(port)),
            "{refusal:?}"
        );
    }
    stage
        .new
        .batch_execute("insert into orders (customer_id, note) values (1, 'kept')")
        .await
        .expect("new takes it");
}

#[tokio::test]
async fn a_long_transaction_of_another_holds_the_switch_up_and_nobody_else() {
    let steps = Steps::default();
    let stage = Stage::of(opened().await, |databases| databases.watched(steps.watcher())).await;
    stage.verify().await;
    let announced = steps.hold(Step::TurnAnnounced);
    let (told, mut tells) = tokio::sync::mpsc::unbounded_channel();
    let operator = stage.operator.clone();
    let options = everybody_on_new(&stage.databases).await.expect("a status");
    let turning = tokio::spawn(async move {
        let mut tell = |progress: &crossfade::migration::Progress| _ = told.send(progress.clone());
        switch(&operator, &options, &mut tell).await
    });
    let held = announced.arrived().await;
    let mut busy = stage.pair.connect_old().await;
    let transaction = busy.transaction().await.expect("a transaction");
    transaction
        .batch_execute("update orders set note = 'busy' where id = 1")
        .await
        .expect("a row");
    held.let_go();
    let mut retries = 0;
    while retries < 2 {
        let progress = tells.recv().await.expect("an operator who goes on");
        retries += u32::from(matches!(
            progress,
            crossfade::migration::Progress::Retrying { .. }
        ));
    }
    let began = std::time::Instant::now();
    stage
        .old
        .batch_execute("update orders set note = 'beside it' where id = 2")
        .await
        .expect("a write beside it");
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    transaction.commit().await.expect("a commit");
    let turned = turning.await.expect("a task").expect("a switch");
    assert!(turned.attempts > 2);
    let kept = "select count(*) from orders where id = 1 and note = 'busy'";
    assert_eq!(number(&stage.new, kept).await, 1);
}

#[tokio::test]
async fn an_aborted_migration_leaves_nothing_behind_and_can_be_started_again() {
    let stage = Stage::of(opened().await, |databases| databases).await;
    stage.verify().await;
    stage.switch().await;
    let refused = abort(&stage.operator, &mut |_| {}).await;
    assert!(
        matches!(refused, Err(MigrationError::WrongStage { .. })),
        "{refused:?}"
    );
    stage.roll_back().await;
    abort(&stage.operator, &mut |_| {}).await.expect("an end");
    for client in [&stage.old, &stage.new] {
        let left = "select (select count(*) from pg_trigger where tgname like 'crossfade%') \
                    + (select count(*) from pg_namespace where nspname = 'crossfade')";
        assert_eq!(number(client, left).await, 0);
    }
    stage
        .new
        .batch_execute("truncate customers, products, orders, order_lines")
        .await
        .expect("empty tables");
    stage.start().await;
    stage.verify().await;
    stage.switch().await;
}

async fn opened() -> Pair {
    let pair = Pair::empty().await;
    pair.open_shop().await;
    pair
}
