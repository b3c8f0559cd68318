//! An operator who dies, and connections that break, at each step of a turn: it is done or undone, never in between.
//!
//! The operator that dies is this very binary, started again.

use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crossfade::databases::{Databases, Side, Step, Watcher};
use crossfade::migration::{Operator, TurnOptions, rollback, switch};
use crossfade::sync::Transport;
use crossfade::sync::publish_subscribe::{Direction, drained};
use diesel_async::RunQueryDsl as _;
use futures_util::FutureExt as _;

use super::stage::{Stage, everybody_on_new, number};
use crate::support::compare::assert_every_row_equal;
use crate::support::databases::{Pair, replicating};
use crate::support::migration::{Migration, context, databases, eventually};

const OLD: &str = "CROSSFADE_TEST_TURN_OLD";
const NEW: &str = "CROSSFADE_TEST_TURN_NEW";
const TO: &str = "CROSSFADE_TEST_TURN_TO";
const DIES_AT: &str = "CROSSFADE_TEST_TURN_DIES_AT";

pub(super) const STEPS: [Step; 8] = [
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
        assert_eq!(number(&self.stage.connect(primary).await, &written).await, 1);
        // The fence stands where it should, and nowhere else.
        for side in [Side::Old, Side::New] {
            let direct = "update orders set note = note where id = 1";
            let outcome = self.stage.connect(side).await.batch_execute(direct).await;
            assert_eq!(
                outcome.is_ok(),
                side == primary || !self.was_switched().await,
                "{side}: {outcome:?}"
            );
        }
    }

    /// Both databases can be connected to.
    async fn has_recovered(&self) {
        for url in [self.stage.pair.old_url().await, self.stage.pair.new_url().await] {
            eventually("it has recovered", async || {
                tokio_postgres::connect(&url, tokio_postgres::NoTls).await.is_ok()
            })
            .await;
        }
    }

    /// Before the first switch new has no fence.
    async fn was_switched(&self) -> bool {
        number(
            &self.stage.connect(Side::Old).await,
            "select epoch from crossfade.migration",
        )
        .await
            > 0
    }

    async fn ends_equal(self) {
        let writes = i64::from(self.writes);
        let primary = self.stage.primary().await;
        eventually("nothing is pending", async || {
            let client = self.stage.connect(primary).await;
            number(&client, "select count(*) from crossfade.journal").await == 0
        })
        .await;
        if self.stage.transport == Transport::PublishSubscribe {
            eventually("everything has arrived", async || {
                let direction = Direction::from_primary(primary);
                let arrived = drained(&self.stage.databases, direction, Duration::from_secs(1)).await;
                arrived.is_ok()
            })
            .await;
        }
        let (old, new) = (
            self.stage.connect(Side::Old).await,
            self.stage.connect(Side::New).await,
        );
        assert_every_row_equal(&old, &new).await;
        let written = "select count(distinct note) from orders where note like 'write %'";
        assert_eq!(number(&new, written).await, writes);
        self.server.crossfade.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_who_dies_at_any_step_leaves_a_turn_done_or_undone() {
    operators_die(Transport::Journal).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_who_dies_while_a_stream_turns_round_leaves_it_turned_or_not() {
    operators_die(Transport::PublishSubscribe).await;
}

async fn operators_die(transport: Transport) {
    let mut watched = Watched::over(Stage::started_by(transport).await).await;
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
    let (stage, broken) = breakable(Transport::Journal, Pair::empty().await, break_connections).await;
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
    let databases = databases(&stage.pair.old_url().await, &stage.pair.new_url().await);
    turn_by(stage, &Operator::new(&databases, "another", "again"), to).await;
}

/// The command, given until it is done.
pub(super) async fn turn_by(stage: &Stage, operator: &Operator, to: Side) {
    eventually("the command is done when it is given again", async || {
        let outcome = try_turn(&stage.databases, operator, to).await;
        if let Err(error) = &outcome {
            println!("{error}");
        }
        outcome.is_ok()
    })
    .await;
    assert_eq!(stage.primary().await, to);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_crashes_at_any_step_leaves_a_turn_done_or_undone() {
    databases_crash(Transport::Journal).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_crashes_while_a_stream_turns_round_leaves_it_turned_or_not() {
    databases_crash(Transport::PublishSubscribe).await;
}

/// Either database crashes at each step: old at every other step on the way there, at the others on the way back, and new
/// the other way round.
async fn databases_crash(transport: Transport) {
    let pair = Pair::on_own_clusters(replicating()).await;
    let (stage, broken) = breakable(transport, pair, crash).await;
    let mut watched = Watched::over(stage).await;
    let mut to = Side::New;
    for side in [Side::Old, Side::New] {
        for step in STEPS {
            let began = Instant::now();
            *broken.lock().expect("no holder panics") = Some((step, side));
            let outcome = try_turn(&watched.stage.databases, &watched.stage.operator, to).await;
            let turned = began.elapsed();
            assert_eq!(
                *broken.lock().expect("no holder panics"),
                None,
                "nobody came to {step:?}"
            );
            watched.has_recovered().await;
            watched.goes_on().await;
            let went_on = began.elapsed();
            turn_again(&watched.stage, to).await;
            let turned_again = began.elapsed();
            watched.goes_on().await;
            println!(
                "{side} crashed at {step:?} on the way to {to}: {outcome:?} after {turned:?}, went on after {went_on:?}, \
                 turned after {turned_again:?}"
            );
            to = to.other();
        }
        turn_again(&watched.stage, to).await;
        to = to.other();
    }
    watched.ends_equal().await;
}

/// A step at which a side is to be broken, once.
type Broken = Arc<Mutex<Option<(Step, Side)>>>;

/// A migration of the shop whose operator meets broken databases.
async fn breakable<Breaking: Future<Output = ()> + Send + 'static>(
    transport: Transport,
    pair: Pair,
    break_it: fn(String) -> Breaking,
) -> (Stage, Broken) {
    pair.open_shop().await;
    let broken = Broken::default();
    let watcher = breaking(
        broken.clone(),
        pair.old_url().await,
        pair.new_url().await,
        break_it,
    );
    let stage = Stage::by(transport, pair, |databases| databases.watched(watcher)).await;
    (stage, broken)
}

/// Breaks a side at a step.
fn breaking<Breaking: Future<Output = ()> + Send + 'static>(
    broken: Broken,
    old: String,
    new: String,
    break_it: fn(String) -> Breaking,
) -> Arc<Watcher> {
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
            if let Some(url) = url {
                break_it(url).await;
            }
        }
        .boxed()
    })
}

/// Breaks every connection of the servers and the operator.
async fn break_connections(url: String) {
    let sql = "select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity \
               where datname = current_database() and application_name = 'crossfade'";
    assert!(number(&connect(&url).await, sql).await > 0);
}

/// Crashes the whole database server: where one of its processes is killed it ends all others, and recovers from its log.
async fn crash(url: String) {
    let client = connect(&url).await;
    let process = number(&client, "select pg_backend_pid()::int8").await;
    let killed = Command::new("kill").args(["-9", &process.to_string()]).status();
    assert!(killed.expect("the command kill").success());
}

async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
        .await
        .expect("a connection");
    tokio::spawn(connection);
    client
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
