//! Two clusters that all tests share, and for each test two databases of its own on them.
//!
//! A test that stops or kills a server brings a cluster of its own instead: [`Pair::with_own_new`].

use std::sync::atomic::{AtomicU32, Ordering};

use crossfade::cluster::{Cluster, Options};
use crossfade::databases::Side;
use tokio::sync::OnceCell;
use tokio_postgres::Client;

/// The shop of the demo: its tables.
const SHOP: &str = include_str!("../../server/src/cli/demo/shop.sql");
/// The shop of the demo: its rows.
const SHOP_ROWS: &str = include_str!("../../server/src/cli/demo/shop_rows.sql");
/// Some 4,000 rows: tests are about what happens to them, not about how many there are.
const CUSTOMERS: u32 = 200;

static OLD: OnceCell<Cluster> = OnceCell::const_new();
static NEW: OnceCell<Cluster> = OnceCell::const_new();
static TESTS: AtomicU32 = AtomicU32::new(0);

/// Fast settings, a data folder copied from a template, and room for the pools of several tests at once.
pub(crate) fn options() -> Options {
    Options::fast()
        .template(env!("CARGO_TARGET_TMPDIR"))
        .set("max_connections", "300")
}

/// The same, for servers that replicate: workers that fail are tried again at once, so that tests need not wait.
pub(crate) fn replicating() -> Options {
    options()
        .set("wal_retrieve_retry_interval", "100ms")
        .set("max_connections", "120")
}

/// A database for old and one for new, empty at first. Dropped with the value.
#[derive(Debug)]
pub(crate) struct Pair {
    name: String,
    // A publisher that stops waits for its subscriber, so new is dropped first.
    own_new: Option<Cluster>,
    own_old: Option<Cluster>,
}

impl Pair {
    /// Two empty databases on the shared clusters.
    pub(crate) async fn empty() -> Self {
        let name = Self::fresh_name();
        old()
            .await
            .create_database(&name)
            .await
            .expect("a database for old");
        new()
            .await
            .create_database(&name)
            .await
            .expect("a database for new");
        Self {
            name,
            own_new: None,
            own_old: None,
        }
    }

    /// The same, but new is on a cluster of its own, for tests that stop or kill it.
    pub(crate) async fn with_own_new() -> Self {
        let name = Self::fresh_name();
        old()
            .await
            .create_database(&name)
            .await
            .expect("a database for old");
        let own_new = Cluster::start(options()).await.expect("a cluster for new");
        own_new.create_database(&name).await.expect("a database for new");
        Self {
            name,
            own_new: Some(own_new),
            own_old: None,
        }
    }

    /// The same, but both are on clusters of their own, for tests that stop or kill them, or that make slots: a slot waits
    /// for every transaction on its server, and other tests hold some open.
    pub(crate) async fn on_own_clusters(options: Options) -> Self {
        let name = Self::fresh_name();
        let (old, new) = tokio::join!(Cluster::start(options.clone()), Cluster::start(options));
        let (old, new) = (old.expect("a cluster for old"), new.expect("a cluster for new"));
        for cluster in [&old, &new] {
            cluster.create_database(&name).await.expect("a database");
        }
        Self {
            name,
            own_new: Some(new),
            own_old: Some(old),
        }
    }

    /// The shop in old, filled, and in new, its tables only.
    pub(crate) async fn open_shop(&self) {
        let old = self.connect_old().await;
        let fill = format!("{SHOP}; set shop.customers = {CUSTOMERS}; {SHOP_ROWS}");
        old.batch_execute(&fill).await.expect("the shop in old");
        self.connect_new()
            .await
            .batch_execute(SHOP)
            .await
            .expect("the shop's tables in new");
    }

    /// The URL of old's database.
    pub(crate) async fn old_url(&self) -> String {
        match &self.own_old {
            Some(cluster) => cluster.url(&self.name),
            None => old().await.url(&self.name),
        }
    }

    /// The URL of new's database.
    pub(crate) async fn new_url(&self) -> String {
        match &self.own_new {
            Some(cluster) => cluster.url(&self.name),
            None => new().await.url(&self.name),
        }
    }

    /// A connection straight to old.
    pub(crate) async fn connect_old(&self) -> Client {
        let client = match &self.own_old {
            Some(cluster) => cluster.connect(&self.name).await,
            None => old().await.connect(&self.name).await,
        };
        client.expect("a connection to old")
    }

    /// A connection straight to new.
    pub(crate) async fn connect_new(&self) -> Client {
        let client = match &self.own_new {
            Some(cluster) => cluster.connect(&self.name).await,
            None => new().await.connect(&self.name).await,
        };
        client.expect("a connection to new")
    }

    /// New's own cluster, to be stopped and started.
    pub(crate) fn own_new(&mut self) -> &mut Cluster {
        self.own_new.as_mut().expect("a pair that was made with_own_new")
    }

    /// A side's own cluster, to be stopped and started.
    pub(crate) fn own(&mut self, side: Side) -> &mut Cluster {
        let cluster = match side {
            Side::Old => self.own_old.as_mut(),
            Side::New => self.own_new.as_mut(),
        };
        cluster.expect("a pair that was made on_own_clusters")
    }

    fn fresh_name() -> String {
        format!("test_{}", TESTS.fetch_add(1, Ordering::Relaxed))
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        if self.own_old.is_some() {
            return;
        }
        let name = self.name.clone();
        let only_old = self.own_new.is_some();
        // Dropping is not async, and this test's runtime may be ending: a thread with a runtime of its own.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(async {
                old().await.drop_database(&name).await?;
                if !only_old {
                    new().await.drop_database(&name).await?;
                }
                anyhow::Ok(())
            })
        });
        let dropped = dropping.join();
        if !std::thread::panicking() {
            dropped
                .expect("a thread that ends")
                .expect("databases that can be dropped");
        }
    }
}

async fn old() -> &'static Cluster {
    OLD.get_or_init(shared).await
}

async fn new() -> &'static Cluster {
    NEW.get_or_init(shared).await
}

async fn shared() -> Cluster {
    Cluster::start(options()).await.expect("a shared cluster")
}
