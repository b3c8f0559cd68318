//! A server that is killed at each step of a switch and of a rollback: the turn is done all the same, and what the server
//! had acknowledged is there.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossfade::databases::{Side, Step, Watcher};
use crossfade::sync::Transport;
use futures_util::FutureExt as _;
use serde_json::json;

use super::crashes::{STEPS, turn_by};
use super::stage::{Stage, number};
use crate::support::compare::assert_every_row_equal;
use crate::support::databases::Pair;
use crate::support::migration::eventually;
use crate::support::server_process::ServerProcess;

const CONTEXT: &str = "attributes:\n  user_id: { type: string }\n";

const EVERYONE: &str = "\
feature: migration
variables: { write: { type: boolean }, read: { type: boolean } }
variations: { both: { write: true, read: true } }
default: both
";

/// Kills the server at a step, once.
#[derive(Clone, Default)]
struct Killer {
    at: Arc<Mutex<Option<Step>>>,
    server: Arc<tokio::sync::Mutex<Option<ServerProcess>>>,
}

impl Killer {
    fn watcher(&self) -> Arc<Watcher> {
        let killer = self.clone();
        Arc::new(move |step| {
            let is_here = {
                let mut at = killer.at.lock().expect("no holder panics");
                let is_here = *at == Some(step);
                if is_here {
                    *at = None;
                }
                is_here
            };
            let server = killer.server.clone();
            async move {
                if is_here && let Some(server) = server.lock().await.as_mut() {
                    server.kill().await;
                }
            }
            .boxed()
        })
    }
}

/// Writes through the server until it is told to stop; the notes of orders that were acknowledged.
async fn write(url: String, stop: Arc<AtomicBool>) -> Vec<String> {
    let client = reqwest::Client::new();
    let mut acknowledged = Vec::new();
    let mut number = 0_u64;
    while !stop.load(Ordering::Relaxed) {
        number += 1;
        let note = format!("order {number}");
        let order = client
            .post(format!("{url}/data/orders"))
            .header("baggage", "user_id=1")
            .json(&json!({ "customer_id": 1, "note": note }));
        match order.send().await {
            Ok(answer) if answer.status() == 201 => acknowledged.push(note),
            // It is dead, or dies while it answers: nobody was told that this is done.
            _ => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_at_any_step_neither_stops_a_turn_nor_loses_what_it_said() {
    let pair = Pair::empty().await;
    pair.open_shop().await;
    let killer = Killer::default();
    let watcher = killer.watcher();
    let stage = Stage::by(Transport::Journal, pair, |databases| databases.watched(watcher)).await;
    let server = ServerProcess::start(
        [EVERYONE, CONTEXT],
        stage.pair.old_url().await,
        stage.pair.new_url().await,
        Duration::from_secs(1),
    )
    .await;
    stage.verify().await;
    let stop = Arc::new(AtomicBool::new(false));
    let writing = tokio::spawn(write(server.url(), stop.clone()));
    *killer.server.lock().await = Some(server);
    for step in STEPS {
        for to in [Side::New, Side::Old] {
            println!("the server is killed at {step:?} on the way to {to}");
            *killer.at.lock().expect("no holder panics") = Some(step);
            let began = std::time::Instant::now();
            turn_by(&stage, &stage.operator, to).await;
            println!("it took {} ms", began.elapsed().as_millis());
            assert_eq!(
                *killer.at.lock().expect("no holder panics"),
                None,
                "nobody came to {step:?}"
            );
            assert_eq!(stage.primary().await, to);
            if let Some(server) = killer.server.lock().await.as_mut() {
                server.kill_and_start().await;
            }
        }
    }
    stop.store(true, Ordering::Relaxed);
    let acknowledged = writing.await.expect("a writer");
    assert!(acknowledged.len() > 100, "{} orders", acknowledged.len());
    eventually("nothing is pending", async || {
        number(&stage.old, "select count(*) from crossfade.journal").await == 0
    })
    .await;
    assert_every_row_equal(&stage.old, &stage.new).await;
    let rows = stage
        .new
        .query("select note from orders where note like 'order %'", &[])
        .await
        .expect("the orders");
    let mut there: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    there.sort();
    let written = there.len();
    there.dedup();
    assert_eq!(there.len(), written, "some are there twice");
    for note in &acknowledged {
        assert!(there.binary_search(note).is_ok(), "{note} is lost");
    }
}
