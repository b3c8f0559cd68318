//! Why each read went where it went, as the server counts it, and how far behind new was: without them, a share of
//! reads that is too low has no cause.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use tokio_postgres::NoTls;

use super::tally::Tally;
use super::world::World;

/// Reads by side and reason, over all of the server's lives.
#[derive(Debug, Default)]
pub(super) struct Reasons(BTreeMap<String, u64>);

impl Reasons {
    /// Adds what a life of the server has counted, from its metrics.
    fn add(&mut self, metrics: &str) {
        for line in metrics.lines() {
            let counted = line
                .strip_prefix("crossfade_reads_total{")
                .and_then(|sample| sample.split_once("} "))
                .and_then(|(labels, count)| Some((labels, count.trim().parse::<u64>().ok()?)));
            if let Some((labels, count)) = counted {
                let labels = labels
                    .replace("side=", "")
                    .replace("reason=", "")
                    .replace('"', "");
                *self.0.entry(labels.replace(',', " ")).or_default() += count;
            }
        }
    }
}

impl fmt::Display for Reasons {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reasons: Vec<String> = self
            .0
            .iter()
            .filter(|(_, count)| **count > 0)
            .map(|(reason, count)| format!("{reason} {count}"))
            .collect();
        f.write_str(&reasons.join(", "))
    }
}

/// Adds what the server has counted so far: before it is killed, and at the end.
pub(super) async fn note(world: &World) {
    let url = format!("{}/metrics", world.server.url());
    let metrics = async { reqwest::get(url).await?.text().await };
    if let Ok(Ok(metrics)) = tokio::time::timeout(Duration::from_secs(2), metrics).await {
        let mut reasons = world.tally.reasons.lock().expect("no holder panics");
        reasons.add(&metrics);
    }
}

/// How often new is looked at.
const EVERY: Duration = Duration::from_millis(250);

/// Counts how often the oldest change that is not on new was older than a second: the pause of a user in a hurry.
pub(super) async fn watch_lag(old_url: String, tally: std::sync::Arc<Tally>, until: Instant) {
    let sql =
        "select coalesce(extract(epoch from clock_timestamp() - min(at)) > 1, false) from crossfade.journal";
    while Instant::now() < until {
        let Ok((client, connection)) = tokio_postgres::connect(&old_url, NoTls).await else {
            tokio::time::sleep(EVERY).await;
            continue;
        };
        let carrying = tokio::spawn(connection);
        while Instant::now() < until
            && let Ok(row) = client.query_one(sql, &[]).await
        {
            Tally::count(&tally.looks);
            if row.get(0) {
                Tally::count(&tally.late_looks);
            }
            tokio::time::sleep(EVERY).await;
        }
        drop(client);
        _ = carrying.await;
    }
}
