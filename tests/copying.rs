//! Rows are captured and copied while everybody goes on writing, and nothing is lost, kept or doubled.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::task::JoinSet;
use tokio_postgres::Client;

use crate::support::compare::assert_every_row_equal;
use crate::support::databases::Pair;
use crate::support::migration::{Migration, eventually};

/// Few keys, so that writers meet on the same ones all the time; a unique text that wanders from key to key.
const TABLES: &str = "\
    create table shelves (id int primary key, label text unique deferrable, filled int not null default 0);
    create table boxes (shelf int references shelves on delete cascade, number int, content jsonb,
                        primary key (shelf, number));";
const KEYS: u64 = 40;
const WRITERS: u64 = 4;

/// Writers straight to old, as other programs are.
struct Writers {
    stopping: Arc<AtomicBool>,
    written: Arc<AtomicU64>,
    running: JoinSet<()>,
}

impl Writers {
    async fn start(pair: &Pair) -> Self {
        let mut writers = Self {
            stopping: Arc::default(),
            written: Arc::default(),
            running: JoinSet::new(),
        };
        for writer in 0..WRITERS {
            let (client, stopping, written) = (
                pair.connect_old().await,
                writers.stopping.clone(),
                writers.written.clone(),
            );
            writers.running.spawn(async move {
                let mut chance = Chance(writer + 1);
                while !stopping.load(Ordering::Relaxed) {
                    write(&client, &mut chance).await;
                    written.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        writers
    }

    async fn go_on_for(&self, writes: u64) {
        let enough = self.written.load(Ordering::Relaxed) + writes;
        eventually("writers go on", async || {
            self.written.load(Ordering::Relaxed) >= enough
        })
        .await;
    }

    async fn stop(mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        while let Some(writer) = self.running.join_next().await {
            writer.expect("a writer that ends well");
        }
    }
}

/// One random change. Two writers may well be in each other's way; then PostgreSQL refuses one, and that is fine.
async fn write(client: &Client, chance: &mut Chance) {
    let (id, other, number) = (chance.below(KEYS), chance.below(KEYS), chance.below(3));
    let sql = match chance.below(8) {
        0 | 1 => {
            format!("insert into shelves values ({id}, 'label {id} {other}', 1) on conflict (id) do nothing")
        }
        2 => format!("update shelves set label = 'label {other}' where id = {id}"),
        3 => format!("update shelves set filled = filled + 1 where id between {id} and {id} + 5"),
        4 => format!("delete from shelves where id = {id}"),
        5 => format!(
            "update shelves set id = {other} + 1000 where id = {id}; delete from shelves where id >= 1000"
        ),
        6 => format!(
            "insert into boxes select id, {number}, '{{\"n\": 1.50}}' from shelves where id = {id} on conflict do nothing"
        ),
        _ => format!(
            "begin; set constraints all deferred; update shelves set label = 'swap' where id = {id}; \
             update shelves set label = 'label {id}' where id = {other}; \
             update shelves set label = 'label {other}' where id = {id}; commit"
        ),
    };
    if client.batch_execute(&sql).await.is_err() {
        client
            .batch_execute("rollback")
            .await
            .expect("a connection that lives");
    }
}

/// Numbers that look random and are the same in every run. (D. Lehmer's generator, as in MINSTD.)
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0 * 48_271 % 0x7fff_ffff;
        self.0 % limit
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn capture_and_copy_in_the_middle_of_writes_end_with_every_row_equal() {
    let pair = Pair::empty().await;
    pair.connect_old()
        .await
        .batch_execute(TABLES)
        .await
        .expect("tables in old");
    pair.connect_new()
        .await
        .batch_execute(TABLES)
        .await
        .expect("tables in new");
    let writers = Writers::start(&pair).await;
    writers.go_on_for(300).await;
    let migration = Migration::begin(&pair).await;
    writers.go_on_for(1_000).await;
    writers.stop().await;
    migration.drain().await;
    assert_every_row_equal(&pair.connect_old().await, &pair.connect_new().await).await;
    let shelves: i64 = migration
        .new
        .query_one("select count(*) from shelves", &[])
        .await
        .expect("a count")
        .get(0);
    assert!(shelves > 0, "the test compared empty tables");
}
