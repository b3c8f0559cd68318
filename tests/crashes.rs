//! A server that is killed at any instruction loses nothing that it acknowledged, and leaves nothing undone.
//!
//! The server that gets killed is this very binary, started again: so it is never a stale one.

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crossfade::databases::{Step, Watcher};
use crossfade::flags::{Flags, Route};
use crossfade::routing::{Crossfade, CrossfadeOptions};
use diesel_async::RunQueryDsl as _;
use futures_util::FutureExt as _;

use crate::support::compare::assert_every_row_equal;
use crate::support::databases::Pair;
use crate::support::migration::{Migration, context, databases, eventually};
use crate::support::proxy::{Network, Proxy};

/// Where the victim finds its databases.
const OLD: &str = "CROSSFADE_TEST_OLD";
const NEW: &str = "CROSSFADE_TEST_NEW";
/// The step at which it dies by itself, if it is to.
const DIES_AT: &str = "CROSSFADE_TEST_DIES_AT";

/// Writers of the victim.
const WRITERS: i64 = 4;

/// Times that a server is killed, each after some more acknowledged writes than the last.
const KILLS: usize = 6;

/// A server in a process of its own. Killed on drop.
struct Victim {
    process: Child,
    acknowledged: Lines<BufReader<ChildStdout>>,
}

impl Victim {
    fn start(old_url: &str, new_url: &str) -> Self {
        Self::started(old_url, new_url, "")
    }

    /// One that dies where it has done this step for the third time.
    fn dying_at(step: Step, old_url: &str, new_url: &str) -> Self {
        Self::started(old_url, new_url, &format!("{step:?}"))
    }

    fn started(old_url: &str, new_url: &str, dies_at: &str) -> Self {
        let mut process = Command::new(std::env::current_exe().expect("our own path"))
            .args([
                "crashes::a_server_to_be_killed",
                "--exact",
                "--ignored",
                "--nocapture",
            ])
            .env(OLD, old_url)
            .env(NEW, new_url)
            .env(DIES_AT, dies_at)
            .stdout(Stdio::piped())
            .spawn()
            .expect("ourselves again");
        let output = process.stdout.take().expect("its output");
        Self {
            process,
            acknowledged: BufReader::new(output).lines(),
        }
    }

    /// The note of the next order that the victim acknowledged.
    fn next_acknowledged(&mut self) -> Option<String> {
        self.acknowledged.find_map(|line| {
            line.expect("text")
                .split_once("acknowledged ")
                .map(|(_, note)| note.to_owned())
        })
    }

    /// What it acknowledges until it dies by itself.
    fn last_words(mut self) -> Vec<String> {
        let words = std::iter::from_fn(|| self.next_acknowledged()).collect();
        let end = self.process.wait().expect("its end");
        assert!(!end.success(), "it did not die: {end}");
        words
    }

    /// Kills it, as `kill -9` does, and returns what it had acknowledged meanwhile.
    fn kill9(mut self) -> Vec<String> {
        self.process.kill().expect("a SIGKILL");
        self.process.wait().expect("its end");
        std::iter::from_fn(|| self.next_acknowledged()).collect()
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        // Only of use when the test failed before it killed the victim itself.
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_between_the_commit_on_old_and_the_write_on_new_loses_nothing() {
    let pair = Pair::empty().await;
    pair.open_shop().await;
    let migration = Migration::begin(&pair).await;
    migration.crossfade.stop().await;
    let new_url = pair.new_url().await;
    let proxy = Proxy::before_url(&new_url).await;
    proxy.set(Network::Silent);

    let victim = Victim::start(&pair.old_url().await, &proxy.url(&new_url));
    let written = "select count(*) from orders where note like 'victim %'";
    eventually("the write is committed on old", async || {
        count(&migration.old, written).await > 0
    })
    .await;
    assert_eq!(
        victim.kill9(),
        Vec::<String>::new(),
        "it was acknowledged before new had it"
    );
    assert_eq!(count(&migration.new, written).await, 0);

    let successor = Migration::begin(&pair).await;
    successor.drain().await;
    assert!(count(&migration.new, written).await > 0);
    assert_every_row_equal(&migration.old, &migration.new).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_at_any_moment_loses_nothing_that_it_acknowledged() {
    let pair = Pair::empty().await;
    pair.open_shop().await;
    let migration = Migration::begin(&pair).await;
    migration.crossfade.stop().await;
    let mut acknowledged = Vec::new();
    for kill in 0..KILLS {
        let mut victim = Victim::start(&pair.old_url().await, &pair.new_url().await);
        let before_the_kill = 1 + kill * 7;
        acknowledged.extend((0..before_the_kill).map_while(|_| victim.next_acknowledged()));
        acknowledged.extend(victim.kill9());
    }
    let successor = Migration::begin(&pair).await;
    successor.drain().await;
    assert!(acknowledged.len() >= (0..KILLS).map(|kill| 1 + kill * 7).sum::<usize>());
    for note in acknowledged {
        let written = format!("select count(*) from orders where note = '{note}'");
        assert_eq!(
            count(&migration.new, &written).await,
            1,
            "{note} was acknowledged and is not in new"
        );
    }
    assert_every_row_equal(&migration.old, &migration.new).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_at_any_step_loses_nothing_that_it_acknowledged() {
    let pair = Pair::empty().await;
    pair.open_shop().await;
    let migration = Migration::begin(&pair).await;
    migration.crossfade.stop().await;
    let mut acknowledged = Vec::new();
    for step in [
        Step::Written,
        Step::Committed,
        Step::Claimed,
        Step::Locked,
        Step::Fetched,
        Step::Applied,
        Step::Mirrored,
        Step::Dropped,
        Step::Decided,
    ] {
        let victim = Victim::dying_at(step, &pair.old_url().await, &pair.new_url().await);
        let words = victim.last_words();
        println!("{} acknowledged before it died at {step:?}", words.len());
        acknowledged.extend(words);
    }
    let successor = Migration::begin(&pair).await;
    successor.drain().await;
    assert!(!acknowledged.is_empty());
    for note in acknowledged {
        let written = format!("select count(*) from orders where note = '{note}'");
        assert_eq!(count(&migration.new, &written).await, 1, "{note}");
    }
    assert_every_row_equal(&migration.old, &migration.new).await;
}

/// Not a test by itself: the server that the tests above kill. It writes orders for users whose writes go to both
/// databases, and says which were acknowledged.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "started and killed by other tests"]
async fn a_server_to_be_killed() {
    let (Ok(old), Ok(new)) = (std::env::var(OLD), std::env::var(NEW)) else {
        return;
    };
    let flags = Flags::fixed(Route {
        write: true,
        read: true,
    });
    let patient = CrossfadeOptions {
        mirror_deadline: std::time::Duration::from_mins(1),
        ..CrossfadeOptions::default()
    };
    let dies_at = std::env::var(DIES_AT).unwrap_or_default();
    let databases = databases(&old, &new).watched(dying_at(dies_at.clone()));
    let crossfade = Crossfade::start(databases, flags, patient).await;
    let process = std::process::id();
    if !dies_at.is_empty() {
        tokio::spawn(write_past_it(old.clone(), process));
    }
    let writers = (1..=WRITERS).map(|writer| {
        let crossfade = crossfade.clone();
        async move {
            let user = context(&writer.to_string());
            for round in 0.. {
                let note = format!("victim {process} writer {writer} round {round}");
                let sql = format!("insert into orders (customer_id, note) values ({writer}, '{note}')");
                let written = crossfade.write(&user, None, async |connection| {
                    diesel::sql_query(&sql).execute(connection).await
                });
                written.await.expect("a write that the primary takes");
                println!("acknowledged {note}");
            }
        }
    });
    futures_util::future::join_all(writers).await;
}

/// Ends this process, without another word, at the third time of a step.
fn dying_at(name: String) -> Arc<Watcher> {
    let times = AtomicU32::new(0);
    Arc::new(move |step| {
        if format!("{step:?}") == name && times.fetch_add(1, Ordering::Relaxed) == 2 {
            std::process::abort();
        }
        futures_util::future::ready(()).boxed()
    })
}

/// Another program's orders, for the workers.
async fn write_past_it(old: String, process: u32) {
    let (client, connection) = tokio_postgres::connect(&old, tokio_postgres::NoTls)
        .await
        .expect("a connection to old");
    tokio::spawn(connection);
    for round in 0.. {
        let note = format!("beside victim {process} round {round}");
        let sql = format!("insert into orders (customer_id, note) values (1, '{note}')");
        client.batch_execute(&sql).await.expect("a write to old");
        println!("acknowledged {note}");
    }
}

async fn count(client: &tokio_postgres::Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).await.expect(sql).get(0)
}
