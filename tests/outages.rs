//! New goes away in the middle of traffic: nobody notices, and afterwards both databases are equal.

use std::cell::Cell;
use std::rc::Rc;

use crossfade::cluster::Stop;
use crossfade::flags::Route;
use diesel_async::RunQueryDsl as _;
use tokio::sync::watch;
use tokio::task::{JoinSet, LocalSet};

use crate::support::compare::assert_every_row_equal;
use crate::support::databases::Pair;
use crate::support::migration::{Migration, context, eventually};
use crate::support::proxy::{Network, Proxy};

const CUSTOMERS: i64 = 6;

/// Customers who place orders, change them, delete some and look at what they wrote, until they are told to stop.
struct Traffic {
    stopping: watch::Sender<bool>,
    done: Rc<Cell<u64>>,
    customers: JoinSet<()>,
}

impl Traffic {
    fn start(migration: &Migration) -> Self {
        let (stopping, stopped) = watch::channel(false);
        let done = Rc::new(Cell::new(0));
        let mut customers = JoinSet::new();
        for customer in 1..=CUSTOMERS {
            let (crossfade, stopped, done) = (migration.crossfade.clone(), stopped.clone(), done.clone());
            customers.spawn_local(async move {
                while !*stopped.borrow() {
                    visit(&crossfade, customer).await;
                    done.set(done.get() + 1);
                }
            });
        }
        Self {
            stopping,
            done,
            customers,
        }
    }

    /// Waits until so many more visits have gone well.
    async fn goes_on_for(&self, visits: u64) {
        let enough = self.done.get() + visits;
        eventually("traffic goes on", async || self.done.get() >= enough).await;
    }

    async fn stop(mut self) {
        self.stopping.send_replace(true);
        while let Some(customer) = self.customers.join_next().await {
            customer.expect("a customer for whom everything went well");
        }
    }
}

/// Panics when a request fails, or when a read does not show what the same customer wrote before.
async fn visit(crossfade: &crossfade::routing::Crossfade, customer: i64) {
    let user = context(&customer.to_string());
    let write = async |sql: String| {
        let written = crossfade.write(&user, None, async |connection| {
            diesel::sql_query(&sql).execute(connection).await
        });
        written.await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    };
    let paid = async || {
        let sql = format!(
            "select count(*) as count from orders where customer_id = {customer} and status = 'paid'"
        );
        let read = crossfade.read(&user, None, async |connection| {
            diesel::sql_query(&sql).get_result::<Count>(connection).await
        });
        read.await
            .unwrap_or_else(|error| panic!("{sql}: {error}"))
            .value
            .count
    };
    let before = paid().await;
    write(format!(
        "insert into orders (customer_id, note) values ({customer}, 'visit')"
    ))
    .await;
    write(format!(
        "update orders set status = 'paid' where customer_id = {customer} and note = 'visit'"
    ))
    .await;
    assert!(
        paid().await > before,
        "customer {customer} does not see what was just paid"
    );
    write(format!(
        "delete from orders where customer_id = {customer} and note = 'visit' and id % 3 = 0"
    ))
    .await;
    write(format!(
        "update orders set note = 'seen' where customer_id = {customer} and note = 'visit'"
    ))
    .await;
}

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    count: i64,
}

async fn everyone_migrated(pair: &Pair, new_url: &str) -> Migration {
    pair.open_shop().await;
    let migration = Migration::begin_at(pair, new_url).await;
    migration.flags.fix(Route {
        write: true,
        read: true,
    });
    migration
}

#[tokio::test(flavor = "multi_thread")]
async fn new_may_stop_crash_and_come_back_in_the_middle_of_traffic() {
    let test = async {
        let mut pair = Pair::with_own_new().await;
        let migration = everyone_migrated(&pair, &pair.new_url().await).await;
        let traffic = Traffic::start(&migration);
        traffic.goes_on_for(20).await;
        for how in [Stop::Fast, Stop::Immediate] {
            pair.own_new().stop(how).await.expect("new stops");
            traffic.goes_on_for(40).await;
            pair.own_new().start_again().await.expect("new starts again");
            traffic.goes_on_for(20).await;
        }
        pair.own_new().kill9().await.expect("new is killed");
        traffic.goes_on_for(40).await;
        pair.own_new().start_again().await.expect("new recovers");
        traffic.stop().await;

        migration.drain().await;
        assert_every_row_equal(&pair.connect_old().await, &pair.connect_new().await).await;
    };
    LocalSet::new().run_until(test).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_network_to_new_may_be_slow_break_and_refuse_in_the_middle_of_traffic() {
    let test = async {
        let pair = Pair::empty().await;
        let new_url = pair.new_url().await;
        let proxy = Proxy::before_url(&new_url).await;
        let migration = everyone_migrated(&pair, &proxy.url(&new_url)).await;
        let traffic = Traffic::start(&migration);
        traffic.goes_on_for(20).await;
        proxy.set(Network::Slow(std::time::Duration::from_millis(20)));
        traffic.goes_on_for(20).await;
        for _ in 0..5 {
            proxy.break_connections();
            traffic.goes_on_for(10).await;
        }
        proxy.set(Network::Refusing);
        traffic.goes_on_for(40).await;
        proxy.set(Network::Good);
        traffic.goes_on_for(20).await;
        traffic.stop().await;

        migration.drain().await;
        assert_every_row_equal(&pair.connect_old().await, &pair.connect_new().await).await;
    };
    LocalSet::new().run_until(test).await;
}
