//! An operator who dies, and connections that break, at each step of a turn: it is done or undone, never in between.
//!
//! The operator that dies is this very binary, started again.

use std::process::Command;
use std::sync::{Arc, Mutex};

use crossfade::databases::{Databases, Side, Step, Watcher};
use crossfade::migration::{Operator, TurnOptions, rollback, switch};
use diesel_async::RunQueryDsl as _;
use futures_util::FutureExt as _;

use super::stage::{Stage, everybody_on_new, number};
use crate::support::compare::assert_every_row_equal;
use crate::support::databases::Pair;
use crate::support::migration::{Migration, context, databases, eventually};

const OLD: &str = "CROSSFADE_TEST_TURN_OLD";
const NEW: &str = "CROSSFADE_TEST_TURN_NEW";
const TO: &str = "CROSSFADE_TEST_TURN_TO";
const DIES_AT: &str = "CROSSFADE_TEST_TURN_DIES_AT";

const STEPS: [Step; 8] = [
    Step::TurnPrepared,
    Step::TurnAnnounced,
    Step::TurnFenced,
    Step::TurnDrained,
    Step::TurnCarried,
    Step::TurnReady,
    Step::TurnDecided,
    Step::TurnFinished,
];

/// Both databases, and a server between them.
struct Watched {
    stage: Stage,
    server: Migration,
    writes: u32,
}

impl Watched {
    async fn over(stage: Stage) -> Self {
        let between = databases(&stage.pair.old_url().await, &stage.pair.new_url().await);
        let server = Migration::between(&stage.pair, between).await;
        stage.verify().await;
        Self {
            stage,
            server,
            writes: 0,
        }
    }

    /// After whatever has happened: one side is the primary, and the server writes there. A connection may have broken
    /// under the server, which it notices once.
    async fn goes_on(&mut self) {
        self.writes += 1;
        let sql = format!(
            "insert into orders (customer_id, note) values (1, 'write {}')",
            self.writes
        );
        eventually("the server writes", async || {
            let user = context("1");
            let written = self.server.crossfade.write(&user, None, async |connection| {
                diesel::sql_query(&sql).execute(connection).await
            });
            written.await.is_ok()
        })
        .await;
        let primary = self.stage.primary().await;
        let written = format!("select count(*) from orders where note = 'write {}'", self.writes);
        assert_eq!(number(self.stage.client(primary), &written).await, 1);
        // The fence stands where it should, and nowhere else.
        for side in [Side::Old, Side::New] {
            let direct = "update orders set note = note where id = 1";
            let outcome = self.stage.client(side).batch_execute(direct).await;
            assert_eq!(
                outcome.is_ok(),
                side == primary || !self.was_switched().await,
                "{side}: {outcome:?}"
            );
        }
    }

    /// Before the first switch new has no fence.
    async fn was_switched(&self) -> bool {
        number(&self.stage.old, "select epoch from crossfade.migration").await > 0
    }

    async fn ends_equal(self) {
        let writes = i64::from(self.writes);
        let primary = self.stage.primary().await;
        eventually("nothing is pending", async || {
            number(
                self.stage.client(primary),
                "select count(*) from crossfade.journal",
            )
            .await
                == 0
        })
        .await;
        assert_every_row_equal(&self.stage.old, &self.stage.new).await;
        let written = "select count(distinct note) from orders where note like 'write %'";
        assert_eq!(number(&self.stage.new, written).await, writes);
        self.server.crossfade.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_who_dies_at_any_step_leaves_a_turn_done_or_undone() {
    let mut watched = Watched::over(Stage::started().await).await;
    for step in STEPS {
        for to in [Side::New, Side::Old] {
            println!("the operator dies at {step:?} on the way to {to}");
            die_at(&watched.stage.pair, step, to).await;
            watched.goes_on().await;
            turn_again(&watched.stage, to).await;
            assert_eq!(watched.stage.primary().await, to);
            watched.goes_on().await;
        }
    }
    watched.ends_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_break_at_any_step_leave_a_turn_done_or_undone() {
    let pair = Pair::empty().await;
    pair.open_shop().await;
    let broken = Arc::new(Mutex::new(None));
    let watcher = breaking(broken.clone(), pair.old_url().await, pair.new_url().await);
    let stage = Stage::of(pair, |databases| databases.watched(watcher)).await;
    let mut watched = Watched::over(stage).await;
    for side in [Side::Old, Side::New] {
        for step in STEPS {
            for to in [Side::New, Side::Old] {
                println!("connections to {side} break at {step:?} on the way to {to}");
                *broken.lock().expect("no holder panics") = Some((step, side));
                let outcome = try_turn(&watched.stage.databases, &watched.stage.operator, to).await;
                println!("{outcome:?}");
                assert_eq!(
                    *broken.lock().expect("no holder panics"),
                    None,
                    "nobody came to {step:?}"
                );
                watched.goes_on().await;
                turn_again(&watched.stage, to).await;
                watched.goes_on().await;
            }
        }
    }
    watched.ends_equal().await;
}

async fn try_turn(databases: &Databases, operator: &Operator, to: Side) -> Result<(), String> {
    let turned = match to {
        Side::New => match everybody_on_new(databases).await {
            Ok(options) => switch(operator, &options, &mut |_| {}).await,
            Err(error) => Err(error),
        },
        Side::Old => rollback(operator, &TurnOptions::default(), &mut |_| {}).await,
    };
    turned.map(|_| ()).map_err(|error| error.to_string())
}

/// The same command, given again by somebody else.
async fn turn_again(stage: &Stage, to: Side) {
    eventually("the command is done when it is given again", async || {
        let databases = databases(&stage.pair.old_url().await, &stage.pair.new_url().await);
        let outcome = try_turn(&databases, &Operator::new(&databases, "another", "again"), to).await;
        if let Err(error) = &outcome {
            println!("{error}");
        }
        outcome.is_ok()
    })
    .await;
    assert_eq!(stage.primary().await, to);
}

/// Breaks every connection of the servers and the operator to a side, at a step, once.
fn breaking(broken: Arc<Mutex<Option<(Step, Side)>>>, old: String, new: String) -> Arc<Watcher> {
    Arc::new(move |step| {
        let mut awaited = broken.lock().expect("no holder panics");
        let url = match *awaited {
            Some((at, side)) if at == step => {
                *awaited = None;
                Some(if side == Side::Old {
                    old.clone()
                } else {
                    new.clone()
                })
            }
            _ => None,
        };
        async move {
            let Some(url) = url else { return };
            let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls)
                .await
                .expect("a connection");
            tokio::spawn(connection);
            let sql = "select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity \
                       where datname = current_database() and application_name = 'crossfade'";
            assert!(number(&client, sql).await > 0);
        }
        .boxed()
    })
}

async fn die_at(pair: &Pair, step: Step, to: Side) {
    let (old, new) = (pair.old_url().await, pair.new_url().await);
    let died = tokio::task::spawn_blocking(move || {
        Command::new(std::env::current_exe().expect("our own path"))
            .args([
                "switching::crashes::an_operator_to_be_killed",
                "--exact",
                "--ignored",
                "--nocapture",
            ])
            .env(OLD, old)
            .env(NEW, new)
            .env(TO, to.name())
            .env(DIES_AT, format!("{step:?}"))
            .output()
            .expect("ourselves again")
    });
    let died = died.await.expect("a thread that ends");
    assert!(
        !died.status.success() && std::os::unix::process::ExitStatusExt::signal(&died.status).is_some(),
        "it did not die: {}",
        String::from_utf8_lossy(&died.stdout)
    );
}

/// Not a test by itself: the operator that the tests above let die.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "started by another test"]
async fn an_operator_to_be_killed() {
    let variable = |name| std::env::var(name).ok();
    let (Some(old), Some(new), Some(to), Some(step)) =
        (variable(OLD), variable(NEW), variable(TO), variable(DIES_AT))
    else {
        return;
    };
    let watcher: Arc<Watcher> = Arc::new(move |at| {
        if format!("{at:?}") == step {
            std::process::abort();
        }
        futures_util::future::ready(()).boxed()
    });
    let databases = databases(&old, &new).watched(watcher);
    let to = if to == "old" { Side::Old } else { Side::New };
    let outcome = try_turn(&databases, &Operator::new(&databases, "a victim", "to die"), to).await;
    println!("{outcome:?}");
}
