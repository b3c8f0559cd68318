//! The shop between two databases, with a watch on the steps between them.

use std::time::Duration;

use crossfade::flags::Route;
use crossfade::routing::{Crossfade, CrossfadeOptions, Read, Written};
use diesel_async::RunQueryDsl as _;
use tokio::task::JoinHandle;

use super::compare::assert_every_row_equal;
use super::databases::Pair;
use super::migration::{Migration, context, eventually};
use super::steps::Steps;

/// Also write to new, and read from it.
pub(crate) const DUAL: Route = Route {
    write: true,
    read: true,
};
/// Write to old alone, and read from new.
pub(crate) const READ_NEW: Route = Route {
    write: false,
    read: true,
};

/// The shop between two databases, with a watch on the steps between them. Workers rest unless they are called.
pub(crate) struct Stage {
    pub(crate) pair: Pair,
    pub(crate) migration: Migration,
    pub(crate) steps: Steps,
}

impl Stage {
    /// Everyone is migrated; a write waits long for its mirror.
    pub(crate) async fn set() -> Self {
        Self::with_deadline(Duration::from_mins(1)).await
    }

    /// The same; a write waits for its mirror no longer than this.
    pub(crate) async fn with_deadline(mirror_deadline: Duration) -> Self {
        let pair = Pair::empty().await;
        pair.open_shop().await;
        let steps = Steps::default();
        let options = CrossfadeOptions {
            mirror_deadline,
            ..CrossfadeOptions::default()
        };
        let migration = Migration::begin_watched(&pair, steps.watcher(), options).await;
        migration.pause_workers(true).await;
        migration.flags.fix(DUAL);
        Self {
            pair,
            migration,
            steps,
        }
    }

    /// A write of user 123 in a task of its own.
    pub(crate) fn write(&self, sql: &'static str) -> JoinHandle<Written<usize>> {
        let crossfade = self.migration.crossfade.clone();
        tokio::spawn(async move {
            let user = context("123");
            let written = crossfade.write(&user, None, async |connection| {
                diesel::sql_query(sql).execute(connection).await
            });
            written.await.expect("a write that the primary takes")
        })
    }

    /// Renames customer 123, in a task of its own.
    pub(crate) fn rename(&self, name: &'static str) -> JoinHandle<Written<usize>> {
        self.write(match name {
            "first" => "update customers set name = 'first' where id = 123",
            _ => "update customers set name = 'second' where id = 123",
        })
    }

    /// Reads the name of customer 123.
    pub(crate) async fn read(&self, user: &str) -> Read<String> {
        read_name(self.migration.crossfade.clone(), user.to_owned()).await
    }

    /// The same, in a task of its own.
    pub(crate) fn reading(&self, user: &str) -> JoinHandle<Read<String>> {
        tokio::spawn(read_name(self.migration.crossfade.clone(), user.to_owned()))
    }

    /// The name of customer 123 on new.
    pub(crate) async fn name_on_new(&self) -> String {
        let row = self
            .migration
            .new
            .query_one("select name from customers where id = 123", &[]);
        row.await.expect("the customer").get(0)
    }

    /// Entries in the journal.
    pub(crate) async fn entries(&self) -> i64 {
        let row = self
            .migration
            .old
            .query_one("select count(*) from crossfade.journal", &[]);
        row.await.expect("a count").get(0)
    }

    /// Lets the workers finish, and compares every row.
    pub(crate) async fn ends_equal(self) {
        self.migration.pause_workers(false).await;
        self.migration.drain().await;
        assert_every_row_equal(&self.migration.old, &self.migration.new).await;
        self.migration.crossfade.stop().await;
        drop(self.pair);
    }
}

#[derive(diesel::QueryableByName)]
struct Name {
    #[diesel(sql_type = diesel::sql_types::Text)]
    name: String,
}

async fn read_name(crossfade: Crossfade, user: String) -> Read<String> {
    let user = context(&user);
    let read = crossfade.read(&user, None, async |connection| {
        diesel::sql_query("select name from customers where id = 123")
            .get_result::<Name>(connection)
            .await
    });
    let read = read.await.expect("a read that somebody answers");
    Read {
        value: read.value.name,
        side: read.side,
        reason: read.reason,
        position: read.position,
        compare: read.compare,
    }
}

/// The answer of a task.
pub(crate) async fn answer<T>(task: JoinHandle<T>) -> T {
    task.await.expect("a task that ends well")
}

/// True once somebody waits on new for a lock that another holds.
pub(crate) async fn somebody_waits_for_a_lock(stage: &Stage) {
    let sql = "select exists (select from pg_locks l join pg_database d on d.oid = l.database \
               where d.datname = current_database() and l.locktype = 'advisory' and not l.granted)";
    eventually("a mirror waits for a lock", async || {
        stage
            .migration
            .new
            .query_one(sql, &[])
            .await
            .expect("an answer")
            .get(0)
    })
    .await;
}
