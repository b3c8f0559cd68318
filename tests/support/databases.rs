//! Two clusters that all tests share, and for each test two databases of its own on them.
//!
//! A test that stops or kills a server brings a cluster of its own instead: [`Pair::with_own_new`].

use std::sync::atomic::{AtomicU32, Ordering};

use crossfade::cluster::{Cluster, Options};
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

/// A database for old and one for new, empty at first. Dropped with the value.
#[derive(Debug)]
pub(crate) struct Pair {
    name: String,
    own_new: Option<Cluster>,
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
        Self { name, own_new: None }
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
        old().await.url(&self.name)
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
        old()
            .await
            .connect(&self.name)
            .await
            .expect("a connection to old")
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

    fn fresh_name() -> String {
        format!("test_{}", TESTS.fetch_add(1, Ordering::Relaxed))
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
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
