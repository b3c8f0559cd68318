//! The end leaves nothing behind, whoever answers.

use crossfade::cluster::Stop;
use crossfade::databases::Side::{New, Old};
use crossfade::sync::publish_subscribe::{Rows, end, prepare, reserve, subscribe};

use super::super::support::migration::eventually;
use super::{FORTH, Servers};

#[tokio::test]
async fn nothing_is_left_and_it_can_begin_again() {
    let servers = Servers::with_shop().await;
    end(&servers.databases, FORTH)
        .await
        .expect("an end before any beginning");
    servers.stream().await;
    let ended = end(&servers.databases, FORTH).await.expect("the end");
    assert_eq!(ended.dropped_slots.len(), 1, "{ended:?}");
    for side in [Old, New] {
        assert_eq!(servers.things_of_ours(side).await, 0, "{side}");
    }
    end(&servers.databases, FORTH)
        .await
        .expect("an end after the end");
    servers.run(New, "truncate customers, products cascade").await;
    servers.stream().await;
    servers.ends_equal().await;
}

#[tokio::test]
async fn slots_are_dropped_while_the_subscriber_is_gone() {
    let mut servers = Servers::with_shop().await;
    // A copy that takes long keeps the slot of its worker.
    let slow = "create function slow() returns trigger language plpgsql as 'begin perform pg_sleep(600); return new; end'; \
                create trigger slow before insert on products for each row execute function slow(); \
                alter table products enable replica trigger slow";
    servers.run(New, slow).await;
    prepare(&servers.databases, FORTH).await.expect("a publication");
    reserve(&servers.databases, FORTH).await.expect("a slot");
    subscribe(&servers.databases, FORTH, Rows::Copy)
        .await
        .expect("a subscription");
    eventually("a worker's own slot", async || {
        servers
            .count(
                Old,
                "select count(*) from pg_replication_slots where slot_name ~ '_sync_' and not temporary",
            )
            .await
            == 1
    })
    .await;
    servers
        .new
        .stop(Stop::Immediate)
        .await
        .expect("a server that stops");
    let ended = end(&servers.databases, FORTH).await.expect("an end without new");
    assert_eq!(servers.things_of_ours(Old).await, 0);
    let left = ended.left_on_subscriber.expect("what is left on new");
    servers.new.start_again().await.expect("a server that starts");
    for statement in left.split_terminator(';') {
        servers.run(New, statement).await;
    }
    assert_eq!(servers.things_of_ours(New).await, 0);
}
