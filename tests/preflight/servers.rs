//! What is wrong with a server as a whole, which takes a restart to mend.

use crossfade::cluster::{Cluster, Stop};
use crossfade::databases::Side::{New, Old};
use crossfade::migration::preflight::Verdict::{Block, Warn};

use super::super::support::databases::options;
use super::{Looked, connect, run};

/// Old and new on one server that is set up for neither replication nor many connections.
async fn narrow() -> (Cluster, Looked) {
    let options = options()
        .set("wal_level", "replica")
        .set("max_wal_senders", "2")
        .set("max_replication_slots", "1")
        .set("max_logical_replication_workers", "1")
        .set("max_worker_processes", "2")
        .set("max_prepared_transactions", "2")
        .set("max_connections", "20");
    let cluster = Cluster::start(options).await.expect("a cluster");
    for name in ["old", "new"] {
        cluster.create_database(name).await.expect("a database");
    }
    let looked = Looked::by_urls(cluster.url("old"), cluster.url("new"));
    (cluster, looked)
}

#[tokio::test]
async fn a_server_that_is_set_up_too_narrowly_blocks_until_it_is_restarted() {
    let (mut cluster, mut looked) = narrow().await;
    looked.passes("wal_level").await;
    looked = looked.publishing();
    looked
        .is_found("connections", Block, "a Crossfade server needs 28")
        .await;
    looked
        .is_found(
            "wal_level",
            Block,
            "wal_level is replica on new, so that it could not publish back",
        )
        .await;
    looked
        .are_found(
            "replication_capacity",
            Block,
            &[
                "max_replication_slots is 1 on old and 0 are in use; 3 are needed",
                "max_wal_senders is 2 on old",
                "max_logical_replication_workers is 1 on new",
                "max_worker_processes is 2 on new",
            ],
        )
        .await;
    let checks = ["connections", "wal_level", "replication_capacity"];
    for name in checks {
        looked.mend(&looked.check(name).await).await;
    }
    cluster.stop(Stop::Fast).await.expect("a server that stops");
    cluster.start_again().await.expect("a server that starts");
    for name in checks {
        looked.passes(name).await;
    }
}

#[tokio::test]
async fn a_prepared_transaction_blocks() {
    let (_cluster, looked) = narrow().await;
    looked.run(Old, "create table t (id int primary key)").await;
    looked
        .run(
            Old,
            "begin; insert into t values (1); prepare transaction 'it''s'",
        )
        .await;
    looked
        .is_found_and_mended(
            "prepared_transactions",
            Block,
            "has prepared the transaction it's in old on old",
        )
        .await;
    looked
        .run(Old, "begin; insert into t values (1); prepare transaction 'x'")
        .await;
    // Another database's holds up a slot, and no trigger.
    let elsewhere = |looked: Looked| Looked::by_urls(looked.new.clone(), looked.new);
    let looked = elsewhere(looked);
    looked.passes("prepared_transactions").await;
    looked
        .publishing()
        .is_found("prepared_transactions", Block, "connected to old")
        .await;
}

#[tokio::test]
async fn write_ahead_log_that_is_kept_for_nobody_or_without_bound_is_told() {
    let cluster = Cluster::start(options()).await.expect("a cluster");
    for name in ["old", "new"] {
        cluster.create_database(name).await.expect("a database");
    }
    let looked = Looked::by_urls(cluster.url("old"), cluster.url("new"));
    let client = connect(&looked.old).await;
    run(
        &client,
        "select pg_create_logical_replication_slot('left_behind', 'pgoutput')",
    )
    .await;
    looked
        .is_found("wal_headroom", Warn, "nobody uses the replication slot")
        .await;
    let looked = looked.publishing();
    looked
        .is_found("wal_headroom", Warn, "new keeps any amount of write-ahead log")
        .await;
    run(
        &client,
        "select pg_drop_replication_slot(slot_name) from pg_replication_slots",
    )
    .await;
    looked
        .is_found_and_mended("wal_headroom", Warn, "alter system set max_slot_wal_keep_size")
        .await;
    looked
        .run(New, "alter system set max_slot_wal_keep_size = '64MB'")
        .await;
    looked.run(New, "select pg_reload_conf()").await;
    looked
        .is_found_and_mended("wal_headroom", Warn, "keeps only 64 MB of write-ahead log")
        .await;
}
