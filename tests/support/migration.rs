//! A migration that has begun: capture on old, its rows copied to new, and routing between them.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use crossfade::databases::{DatabaseUrl, Databases, PoolOptions, Side, Watcher};
use crossfade::flags::{Flags, RequestContext, Route};
use crossfade::routing::{Crossfade, CrossfadeOptions};
use crossfade::sync::journal::{backfill, install, pending, set_paused};
use diesel_async::RunQueryDsl as _;
use tokio_postgres::Client;

use super::databases::Pair;

/// How long a test waits for something that should happen soon.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Both databases with the story's routing between them.
pub(crate) struct Migration {
    pub(crate) crossfade: Crossfade,
    pub(crate) flags: Flags,
    pub(crate) old: Client,
    pub(crate) new: Client,
}

impl Migration {
    /// Captures and copies whatever is in old, and starts routing; new's tables must be there.
    pub(crate) async fn begin(pair: &Pair) -> Self {
        Self::begin_at(pair, &pair.new_url().await).await
    }

    /// The same, reaching new by another URL: through a proxy, say.
    pub(crate) async fn begin_at(pair: &Pair, new_url: &str) -> Self {
        let databases = databases(&pair.old_url().await, &pair.new_url().await);
        install(&databases, Side::Old).await.expect("capture on old");
        backfill(&databases, Side::Old, |_| {})
            .await
            .expect("a copy of every row");
        Self::between(pair, self::databases(&pair.old_url().await, new_url)).await
    }

    /// The same, with somebody watching the steps between both databases.
    pub(crate) async fn begin_watched(pair: &Pair, watcher: Arc<Watcher>, options: CrossfadeOptions) -> Self {
        let begun = Self::begin(pair).await;
        begun.crossfade.stop().await;
        let databases = databases(&pair.old_url().await, &pair.new_url().await);
        Self::with(pair, databases.watched(watcher), options).await
    }

    /// Routing alone, between databases that are captured and copied.
    pub(crate) async fn between(pair: &Pair, databases: Databases) -> Self {
        Self::with(pair, databases, CrossfadeOptions::default()).await
    }

    /// The same, with other bounds.
    pub(crate) async fn with(pair: &Pair, databases: Databases, options: CrossfadeOptions) -> Self {
        let flags = Flags::fixed(Route::default());
        let crossfade = Crossfade::start(databases, flags.clone(), options).await;
        Self {
            crossfade,
            flags,
            old: pair.connect_old().await,
            new: pair.connect_new().await,
        }
    }

    /// Writes by SQL through the routing, as a user.
    pub(crate) async fn write(&self, user: &str, sql: &str) -> crossfade::routing::Written<usize> {
        self.crossfade
            .write(&context(user), None, async |connection| {
                diesel::sql_query(sql).execute(connection).await
            })
            .await
            .expect("a write that the primary takes")
    }

    /// Holds the workers back, or lets them go on.
    pub(crate) async fn pause_workers(&self, paused: bool) {
        set_paused(self.crossfade.databases(), Side::Old, paused)
            .await
            .expect("the record can be changed");
    }

    /// Waits until nothing is left to be mirrored.
    pub(crate) async fn drain(&self) {
        eventually("the journal is empty", async || {
            let pending = pending(self.crossfade.databases(), Side::Old).await;
            pending.expect("a count of entries").entries == 0
        })
        .await;
    }

    /// Every row of a query's answer on each side, as text.
    pub(crate) async fn both(&self, query: &str) -> (Vec<String>, Vec<String>) {
        (rows(&self.old, query).await, rows(&self.new, query).await)
    }
}

/// Pools for two databases.
pub(crate) fn databases(old: &str, new: &str) -> Databases {
    let url = |text: &str| -> DatabaseUrl { text.parse().expect("a connection URL") };
    Databases::new(&url(old), &url(new), PoolOptions::default())
}

/// A request of this user.
pub(crate) fn context(user: &str) -> RequestContext {
    let baggage = format!("user_id={user}");
    RequestContext::from_baggage([baggage.as_str()].into_iter()).expect("a baggage header")
}

/// The rows of a query, each as its text, in the query's order.
pub(crate) async fn rows(client: &Client, query: &str) -> Vec<String> {
    let sql = format!("select row(r.*)::text from ({query}) r");
    let rows = client.query(&sql, &[]).await.expect("rows");
    rows.iter().map(|row| row.get(0)).collect()
}

/// Asks again until it is so.
pub(crate) async fn eventually(what: &str, question: impl AsyncFn() -> bool) {
    let asking = async {
        while !question().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking)
        .await
        .unwrap_or_else(|_| panic!("not within {PATIENCE:?}: {what}"));
}

/// Waits until a user who has seen nothing is served by new: another one each time, since who asks before the server
/// knows that everything from before its start has arrived is held to what is pending then.
pub(crate) async fn others_are_served_by_new(side_of: impl AsyncFn(&str) -> Side) {
    let asked = Cell::new(0);
    eventually("others are not held up", async || {
        asked.set(asked.get() + 1);
        side_of(&format!("other {}", asked.get())).await == Side::New
    })
    .await;
}
