//! Clients that send a write again, with its `Idempotency-Key`, until it is answered: it must be there once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::Method;
use tokio::task::JoinSet;

use super::random::Random;
use super::tally::Tally;
use super::users::Client;
use super::world::World;

/// Every request that was sent, and whether it was answered.
pub(super) type Receipts = Arc<Mutex<BTreeMap<String, bool>>>;

/// Clients that repeat themselves.
const CLIENTS: u64 = 4;

/// Starts them.
pub(super) fn start(world: &World, random: &mut Random, until: Instant, tasks: &mut JoinSet<()>) -> Receipts {
    let receipts = Receipts::default();
    for number in 0..CLIENTS {
        let client = Client::new(world, format!("u{number}"));
        tasks.spawn(send_until(
            client,
            number,
            world.tally.clone(),
            receipts.clone(),
            random.split(),
            until,
        ));
    }
    receipts
}

async fn send_until(
    mut client: Client,
    number: u64,
    tally: Arc<Tally>,
    receipts: Receipts,
    mut random: Random,
    until: Instant,
) {
    for round in 0.. {
        let request = format!("client {number} request {round}");
        let key = format!("{number}-{round}");
        let body = format!(r#"{{"request":"{request}"}}"#);
        note(&receipts, &request, false);
        loop {
            let body = Some(body.clone());
            let answer = client.send_with_key(Method::POST, "receipts", body, Some(&key));
            if answer.await.is_some() {
                Tally::count(&tally.acknowledged);
                note(&receipts, &request, true);
                break;
            }
            if Instant::now() >= until {
                return;
            }
            // A client's own way of waiting before it tries again.
            tokio::time::sleep(Duration::from_millis(random.below(200))).await;
        }
        if Instant::now() >= until {
            return;
        }
        tokio::time::sleep(Duration::from_millis(random.below(100))).await;
    }
}

fn note(receipts: &Receipts, request: &str, answered: bool) {
    let mut receipts = receipts.lock().expect("no holder panics");
    receipts.insert(request.to_owned(), answered);
}

/// Counts requests that were answered and are not there, and those that are there twice.
pub(super) async fn compare(world: &World, receipts: &Receipts, tally: &Tally) {
    let [old, _] = world.both().await;
    let sql = "select request, count(*) from receipts group by request";
    let rows = old.query(sql, &[]).await.expect("receipts of old");
    let there: BTreeMap<String, i64> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    for (request, answered) in receipts.lock().expect("no holder panics").iter() {
        match there.get(request) {
            None if *answered => Tally::blame(&tally.missing, || format!("{request} was answered")),
            Some(times @ 2..) => {
                Tally::blame(&tally.repeated, || format!("{request} is there {times} times"));
            }
            _ => {}
        }
    }
}
