//! Two clusters of the soak's own, the network before each, the tables, and the server.

use std::sync::Arc;
use std::time::Duration;

use crossfade::cluster::{Cluster, Options};
use crossfade::databases::Side;
use crossfade::sync::journal::{backfill, install, pending};
use tokio_postgres::Client;

use super::random::Random;
use super::rules::{CONTEXT, rules};
use super::tally::Tally;
use crate::support::databases::options;
use crate::support::migration::databases;
use crate::support::proxy::{Network, Proxy};
use crate::support::server_process::ServerProcess;

/// The tables, alike on both sides, and their first rows, on old.
const TABLES: &str = "
    create table counters (user_id text primary key, n bigint not null);
    create table events (id bigint primary key, user_id text not null, body text not null);
    create table items (id bigint primary key, v bigint not null, note text);
    create table seats (id int primary key, place text not null unique, v bigint not null default 0);
    create table scratch (id bigint primary key, v bigint not null);
    create table receipts (id bigint generated always as identity primary key, request text not null);";
const ROWS: &str = "
    insert into counters select 'u' || n, 0 from generate_series(0, 39) n;
    insert into counters values ('everyone', 0);
    insert into items select n, 0, 'first' from generate_series(0, 1999) n;
    insert into seats select n, 'place ' || n from generate_series(0, 39) n;";

/// Every table with the order to read it in.
pub(super) const ALL_TABLES: [&str; 6] = ["counters", "events", "items", "seats", "scratch", "receipts"];

/// Everything that can break.
pub(super) struct World {
    pub(super) old: Cluster,
    pub(super) new: Cluster,
    pub(super) old_network: Proxy,
    pub(super) new_network: Proxy,
    pub(super) server: ServerProcess,
    pub(super) tally: Arc<Tally>,
}

const DATABASE: &str = "soak";

impl World {
    /// Both databases, every row copied, and a server between them.
    pub(super) async fn open(tally: Arc<Tally>, random: &mut Random) -> Self {
        // What old has acknowledged must survive; new is made equal again whatever it loses.
        let durable = Options::durable()
            .template(env!("CARGO_TARGET_TMPDIR"))
            .set("max_connections", "300");
        let old = Cluster::start(durable).await.expect("a cluster for old");
        let new = Cluster::start(options()).await.expect("a cluster for new");
        for cluster in [&old, &new] {
            cluster.create_database(DATABASE).await.expect("a database");
            let client = cluster.connect(DATABASE).await.expect("a connection");
            client.batch_execute(TABLES).await.expect("tables");
        }
        let filling = old.connect(DATABASE).await.expect("a connection");
        filling.batch_execute(ROWS).await.expect("rows");
        let direct = databases(&old.url(DATABASE), &new.url(DATABASE));
        install(&direct, Side::Old).await.expect("capture");
        backfill(&direct, Side::Old, |_| {}).await.expect("a copy");
        let (old_network, new_network) = (Proxy::before(old.port()).await, Proxy::before(new.port()).await);
        let server = ServerProcess::start(
            [&rules(random), CONTEXT],
            old_network.url(&old.url(DATABASE)),
            new_network.url(&new.url(DATABASE)),
            Duration::from_secs(1),
        )
        .await;
        Self {
            old,
            new,
            old_network,
            new_network,
            server,
            tally,
        }
    }

    /// Old's URL past the network, as an application that does not know of the server has it.
    pub(super) fn old_url(&self) -> String {
        self.old.url(DATABASE)
    }

    /// A connection straight to each side.
    pub(super) async fn both(&self) -> [Client; 2] {
        [
            self.old.connect(DATABASE).await.expect("a connection to old"),
            self.new.connect(DATABASE).await.expect("a connection to new"),
        ]
    }

    /// Everything is good; waits until nothing is left to be mirrored.
    pub(super) async fn drain(&self, patience: Duration) {
        self.old_network.set(Network::Good);
        self.new_network.set(Network::Good);
        let direct = databases(&self.old.url(DATABASE), &self.new.url(DATABASE));
        let draining = async {
            while pending(&direct, Side::Old)
                .await
                .map_or(1, |pending| pending.entries)
                > 0
            {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let drained = tokio::time::timeout(patience, draining).await;
        assert!(drained.is_ok(), "changes are still pending after {patience:?}");
    }
}
