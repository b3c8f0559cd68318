//! The soak: writers of every kind write and users read while servers, databases and the network break; then
//! every row of every table is compared.
//!
//! `make soak SECONDS=600 SEED=7` runs it for long; with the other tests it runs for a few seconds. The server is a
//! process of its own, this test program started again, so that it can be killed like any other.

mod compare;
mod faults;
mod random;
mod reasons;
mod receipts;
mod rules;
mod tally;
mod users;
mod world;
mod writers;

use std::sync::Arc;
use std::time::{Duration, Instant};

use random::Random;
use tally::Tally;
use world::World;

/// Long enough for a fault of most kinds, short enough to run with every change.
const SHORT: Duration = Duration::from_secs(20);

/// How long the databases may take to become equal once nothing breaks any more.
const DRAIN: Duration = Duration::from_mins(2);

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_and_no_user_reads_back_in_time_whatever_breaks() {
    let seconds = number("SOAK_SECONDS").map_or(SHORT, Duration::from_secs);
    let seed = number("SOAK_SEED").unwrap_or(1);
    println!("soak of {} s, seed {seed}", seconds.as_secs());
    let tally = Arc::new(Tally::default());
    let mut random = Random::new(seed);
    let mut world = World::open(tally.clone(), &mut random).await;
    let until = Instant::now() + seconds;
    let mut tasks = tokio::task::JoinSet::new();
    let ledger = writers::start(&world, &mut random, until, &mut tasks);
    users::start(&world, &mut random, until, &mut tasks);
    let receipts = receipts::start(&world, &mut random, until, &mut tasks);
    tasks.spawn(reasons::watch_lag(world.old_url(), tally.clone(), until));
    tasks.spawn(rules::edit_until(world.server.rules(), random.split(), until));
    faults::inject_until(&mut world, &mut random, until).await;
    while let Some(ended) = tasks.join_next().await {
        ended.expect("a writer or a user that ends");
    }
    reasons::note(&world).await;
    world.drain(DRAIN).await;
    compare::compare(&world, &ledger, &tally).await;
    receipts::compare(&world, &receipts, &tally).await;
    println!("{tally}");
    tally.judge(seconds);
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}
