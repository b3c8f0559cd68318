//! The handle itself: what it holds, and how it starts and stops.

use std::sync::{Arc, Weak};
use std::time::Duration;

use arc_swap::ArcSwapOption;

use crate::catalog::Catalog;
use crate::config::Percent;
use crate::databases::{Databases, Side};
use crate::flags::Flags;
use crate::sync::Stage;
use crate::sync::journal::{Awaited, Workers, WorkersOptions};

use tokio::sync::watch;

use super::circuit::Circuit;
use super::compare::Comparing;
use super::counts::Counts;
use super::latency::Latencies;
use super::once::KeptAnswers;
use super::recent_users::RecentUsers;
use super::standing::Standing;
use super::stream::Stream;

/// Routes an application's reads and writes by the flags. Cheap to clone.
///
/// ```no_run
/// # use crossfade::{databases::*, flags::*, routing::*};
/// # async fn handler(crossfade: &Crossfade, context: RequestContext) -> Result<(), RouteError<diesel::result::Error>> {
/// use diesel_async::RunQueryDsl as _;
///
/// let written = crossfade
///     .write(&context, None, async |connection| {
///         diesel::sql_query("update carts set items = items + 1").execute(connection).await
///     })
///     .await?;
/// println!("{:?}", written.mirror);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Crossfade {
    inner: Arc<Inner>,
}

struct Inner {
    databases: Databases,
    catalog: Catalog,
    flags: Flags,
    options: CrossfadeOptions,
    standing: Standing,
    recent_users: Arc<RecentUsers>,
    circuit: Circuit,
    counts: Arc<Counts>,
    latencies: Latencies,
    comparing: Comparing,
    kept_answers: KeptAnswers,
    /// Away from old, and away from new.
    awaited: [Awaited; 2],
    /// This epoch's, with the transport `publish-subscribe`.
    stream: ArcSwapOption<Stream>,
    workers: tokio::sync::Mutex<Option<Workers>>,
}

/// The bounds within which the secondary may hold a request up.
#[derive(Debug, Clone, Copy)]
pub struct CrossfadeOptions {
    /// How long a write with `write: true` waits for its mirror.
    pub mirror_deadline: Duration,
    /// How long a read may take on new before old is asked instead.
    pub read_deadline: Duration,
    /// The share of reads that both databases are asked, to compare them.
    pub compare: Percent,
    /// The workers that mirror what nobody waits for.
    pub workers: WorkersOptions,
}

impl Default for CrossfadeOptions {
    fn default() -> Self {
        Self {
            mirror_deadline: Duration::from_secs(1),
            read_deadline: Duration::from_secs(2),
            compare: Percent::ZERO,
            workers: WorkersOptions::default(),
        }
    }
}

impl Crossfade {
    /// Starts routing: reads the migration's record and starts the mirrors on the current runtime. Either
    /// database may be down.
    pub async fn start(databases: Databases, flags: Flags, options: CrossfadeOptions) -> Self {
        let catalog = Catalog::default();
        let recent_users = Arc::new(RecentUsers::default());
        let counts = Arc::new(Counts::default());
        let standing = Standing::follow(&databases, &flags, &counts, &recent_users).await;
        let awaited = [Side::Old, Side::New].map(|primary| Awaited::start(&databases, &catalog, primary));
        let changes = standing.changes();
        let primary = standing.state().primary();
        let workers = Workers::start(&databases, &catalog, primary, options.workers);
        let inner = Inner {
            databases,
            catalog,
            flags,
            options,
            standing,
            recent_users,
            circuit: Circuit::default(),
            counts,
            latencies: Latencies::default(),
            comparing: Comparing::new(options.compare),
            kept_answers: KeptAnswers::default(),
            awaited,
            stream: ArcSwapOption::empty(),
            workers: tokio::sync::Mutex::new(Some(workers)),
        };
        let inner = Arc::new(inner);
        tokio::spawn(follow_primary(Arc::downgrade(&inner), changes, primary));
        Self { inner }
    }

    /// Lets the mirrors finish the batch they are at. What is left stays in the journal.
    pub async fn stop(&self) {
        self.inner.stream.store(None);
        self.inner.standing.leave().await;
        if let Some(workers) = self.inner.workers.lock().await.take() {
            workers.stop().await;
        }
    }

    /// Both databases.
    pub fn databases(&self) -> &Databases {
        &self.inner.databases
    }

    /// What is known of their tables.
    pub fn catalog(&self) -> &Catalog {
        &self.inner.catalog
    }

    /// The running rules.
    pub fn flags(&self) -> &Flags {
        &self.inner.flags
    }

    /// How many requests went where.
    pub fn counts(&self) -> &Counts {
        &self.inner.counts
    }

    /// How long each database takes.
    pub fn latencies(&self) -> &Latencies {
        &self.inner.latencies
    }

    /// Whether new is asked at the moment.
    pub fn circuit(&self) -> &Circuit {
        &self.inner.circuit
    }

    /// The stage, as this server last saw it.
    pub fn stage(&self) -> Stage {
        self.inner.standing.state().stage
    }

    /// True once every row that was there before is on the secondary.
    pub fn is_copied(&self) -> bool {
        self.inner.standing.state().copied
    }

    /// The side that takes every write first, as this server last saw it.
    pub fn primary(&self) -> Side {
        self.inner.standing.state().primary()
    }

    /// Whether the primary could be asked in the last seconds.
    pub fn primary_answers(&self) -> bool {
        self.inner.standing.primary_answers()
    }

    pub(super) fn options(&self) -> &CrossfadeOptions {
        &self.inner.options
    }

    pub(super) fn recent_users(&self) -> &RecentUsers {
        &self.inner.recent_users
    }

    pub(super) fn comparing(&self) -> &Comparing {
        &self.inner.comparing
    }

    pub(super) fn kept_answers(&self) -> &KeptAnswers {
        &self.inner.kept_answers
    }

    /// The dual write away from this primary.
    pub(super) fn awaited(&self, primary: Side) -> &Awaited {
        let [from_old, from_new] = &self.inner.awaited;
        match primary {
            Side::Old => from_old,
            Side::New => from_new,
        }
    }

    /// The stream of this epoch, if there is one.
    pub(super) fn stream(&self) -> Option<Arc<Stream>> {
        self.inner.stream.load_full()
    }

    pub(super) fn standing(&self) -> &Standing {
        &self.inner.standing
    }
}

/// Turns the workers, and the stream, round whenever the primary changes.
async fn follow_primary(inner: Weak<Inner>, mut changes: watch::Receiver<(i64, bool)>, mut primary: Side) {
    loop {
        let Some(held) = inner.upgrade() else { return };
        let state = held.standing.state();
        let stream = held.stream.load_full();
        if !Stream::belongs_to(&state) {
            held.stream.store(None);
        } else if stream.is_none_or(|stream| stream.epoch() != state.epoch) {
            let stream = Stream::start(&held.databases, &held.recent_users, &state);
            held.stream.store(Some(stream));
        }
        let now = state.primary();
        if now != primary {
            let mut workers = held.workers.lock().await;
            if let Some(before) = workers.take() {
                *workers = Some(Workers::start(
                    &held.databases,
                    &held.catalog,
                    now,
                    held.options.workers,
                ));
                // Nothing is left for them, but the database that they ask may take its time to say so.
                tokio::spawn(before.stop());
            }
            primary = now;
        }
        drop(held);
        if changes.changed().await.is_err() {
            return;
        }
    }
}
