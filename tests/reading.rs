//! Reads go where the flags say, never back in time for the user who wrote, and never fail because of new.

use crossfade::databases::Side;
use crossfade::flags::{Flags, Route};
use crossfade::routing::{Crossfade, CrossfadeOptions, Mirror, Read, ReadReason};
use crossfade::sync::{Position, Stage};
use diesel_async::RunQueryDsl as _;

use crate::support::databases::Pair;
use crate::support::migration::{Migration, context, databases, eventually, others_are_served_by_new};
use crate::support::proxy::{Network, Proxy};

const READ_NEW: Route = Route {
    write: false,
    read: true,
};
const DUAL: Route = Route {
    write: true,
    read: true,
};

#[derive(diesel::QueryableByName)]
struct Name {
    #[diesel(sql_type = diesel::sql_types::Text)]
    name: String,
}

async fn name_of(migration: &Migration, user: &str, earlier: Option<Position>) -> Read<String> {
    let read = migration
        .crossfade
        .read(&context(user), earlier, async |connection| {
            diesel::sql_query("select name from customers where id = 123")
                .get_result::<Name>(connection)
                .await
        })
        .await
        .expect("a read that somebody answers");
    Read {
        value: read.value.name,
        side: read.side,
        reason: read.reason,
        position: read.position,
        compare: read.compare,
    }
}

async fn open_shop(pair: &Pair) -> Migration {
    pair.open_shop().await;
    Migration::begin(pair).await
}

#[tokio::test]
async fn a_read_goes_to_the_side_that_the_flags_say() {
    let pair = Pair::empty().await;
    let migration = open_shop(&pair).await;
    let differ = "update customers set name = 'new' where id = 123";
    migration
        .new
        .batch_execute(differ)
        .await
        .expect("a row that differs");
    assert_eq!(name_of(&migration, "900", None).await.side, Side::Old);
    migration.flags.fix(READ_NEW);
    let read = name_of(&migration, "123", None).await;
    assert_eq!((read.side, read.value.as_str()), (Side::New, "new"));
}

#[tokio::test]
async fn a_user_whose_write_is_not_on_new_yet_reads_old() {
    let pair = Pair::empty().await;
    let migration = open_shop(&pair).await;
    migration.pause_workers(true).await;
    migration.flags.fix(READ_NEW);
    let written = migration
        .write("123", "update customers set name = 'mine' where id = 123")
        .await;
    assert_eq!(written.mirror, Mirror::NotAsked);
    let mine = name_of(&migration, "123", None).await;
    assert_eq!((mine.value.as_str(), mine.reason), ("mine", ReadReason::Behind));
    others_are_served_by_new(async |user| name_of(&migration, user, None).await.side).await;
    // Another server does not remember the user, but the client brings the position along.
    let brought = name_of(&migration, "456", written.position).await;
    assert_eq!(
        (brought.value.as_str(), brought.reason),
        ("mine", ReadReason::Behind)
    );
    migration.pause_workers(false).await;
    eventually("new is up to the user's write", async || {
        let read = name_of(&migration, "123", None).await;
        assert_eq!(read.value, "mine");
        read.side == Side::New
    })
    .await;
}

#[tokio::test]
async fn an_applied_write_does_not_hide_an_earlier_one_that_is_pending() {
    let pair = Pair::empty().await;
    let migration = open_shop(&pair).await;
    migration.pause_workers(true).await;
    migration.flags.fix(READ_NEW);
    migration
        .write("123", "update customers set name = 'mine' where id = 123")
        .await;
    migration.flags.fix(DUAL);
    let written = migration
        .write("123", "update customers set name = 'other' where id = 456")
        .await;
    assert_eq!(written.mirror, Mirror::Applied);
    assert_eq!(name_of(&migration, "123", None).await.value, "mine");
    assert_eq!(
        name_of(&migration, "nobody", written.position).await.value,
        "mine"
    );
}

#[tokio::test]
async fn a_user_who_was_shown_what_is_pending_does_not_read_new_before_it_is_there() {
    let pair = Pair::empty().await;
    pair.open_shop().await;
    let direct = pair.new_url().await;
    let proxy = Proxy::before_url(&direct).await;
    let migration = Migration::begin_at(&pair, &proxy.url(&direct)).await;
    migration.pause_workers(true).await;
    migration.flags.fix(READ_NEW);
    assert_eq!(name_of(&migration, "456", None).await.side, Side::New);
    let theirs = "update customers set name = 'theirs' where id = 123";
    migration
        .old
        .batch_execute(theirs)
        .await
        .expect("another's write");
    others_are_served_by_new(async |user| name_of(&migration, user, None).await.side).await;
    proxy.set(Network::Refusing);
    let shown = name_of(&migration, "456", None).await;
    assert_eq!(
        (shown.value.as_str(), shown.reason),
        ("theirs", ReadReason::NewFailed)
    );
    proxy.set(Network::Good);
    eventually("new is used again by who has seen nothing of it", async || {
        name_of(&migration, "789", None).await.side == Side::New
    })
    .await;
    assert_eq!(name_of(&migration, "456", None).await.value, "theirs");
    // Another server knows it from the position that came with the answer.
    assert_eq!(
        name_of(&migration, "nobody", shown.position).await.value,
        "theirs"
    );
}

#[tokio::test]
async fn a_user_whom_the_flags_sent_to_old_is_not_sent_to_a_new_that_is_behind_that() {
    let pair = Pair::empty().await;
    let migration = open_shop(&pair).await;
    migration.pause_workers(true).await;
    let theirs = "update customers set name = 'theirs' where id = 123";
    migration
        .old
        .batch_execute(theirs)
        .await
        .expect("another's write");
    assert_eq!(name_of(&migration, "456", None).await.value, "theirs");
    migration.flags.fix(READ_NEW);
    let after = name_of(&migration, "456", None).await;
    assert_eq!(
        (after.value.as_str(), after.reason),
        ("theirs", ReadReason::Behind)
    );
    others_are_served_by_new(async |user| name_of(&migration, user, None).await.side).await;
    migration.pause_workers(false).await;
    eventually("new is up to what the user was shown", async || {
        let read = name_of(&migration, "456", None).await;
        assert_eq!(read.value, "theirs");
        read.side == Side::New
    })
    .await;
}

#[tokio::test]
async fn a_write_too_large_to_wait_for_does_not_use_up_the_circuits_probe() {
    let pair = Pair::empty().await;
    pair.open_shop().await;
    let direct = pair.new_url().await;
    let proxy = Proxy::before_url(&direct).await;
    let migration = Migration::begin_at(&pair, &proxy.url(&direct)).await;
    migration.flags.fix(DUAL);
    proxy.set(Network::Refusing);
    eventually("the circuit is open", async || {
        migration
            .write("123", "update customers set name = 'pending' where id = 123")
            .await;
        migration.crossfade.circuit().is_open()
    })
    .await;
    proxy.set(Network::Good);
    let many = "insert into orders (customer_id, note) select 123, 'many' from generate_series(1, 2001)";
    eventually("a small write probes after a large one", async || {
        assert_eq!(migration.write("123", many).await.mirror, Mirror::Pending);
        let small = "update customers set name = 'small' where id = 123";
        migration.write("123", small).await.mirror == Mirror::Applied
    })
    .await;
}

#[tokio::test]
async fn a_write_of_more_statements_than_a_request_waits_for_is_not_called_applied() {
    let pair = Pair::empty().await;
    let migration = open_shop(&pair).await;
    migration.pause_workers(true).await;
    migration.flags.fix(DUAL);
    let written = migration
        .crossfade
        .write(&context("123"), None, async |connection| {
            for id in 1..=30 {
                let sql = format!("update customers set name = 'many' where id = {id}");
                diesel::sql_query(sql).execute(connection).await?;
            }
            diesel::sql_query("update customers set name = 'last' where id = 123")
                .execute(connection)
                .await
        })
        .await
        .expect("a write that the primary takes");
    assert_eq!(written.mirror, Mirror::Pending);
    assert_eq!(name_of(&migration, "123", None).await.value, "last");
}

#[tokio::test]
async fn a_write_from_before_the_server_knew_of_capture_is_waited_for_too() {
    let pair = Pair::empty().await;
    pair.open_shop().await;
    let direct = pair.old_url().await;
    let proxy = Proxy::before_url(&direct).await;
    let ready = Migration::begin(&pair).await;
    ready.pause_workers(true).await;
    // This server cannot read the record when it starts.
    proxy.set(Network::Refusing);
    let databases = databases(&proxy.url(&direct), &pair.new_url().await);
    let flags = Flags::fixed(READ_NEW);
    let crossfade = Crossfade::start(databases, flags, CrossfadeOptions::default()).await;
    let late = Migration { crossfade, ..ready };
    assert_eq!(late.crossfade.stage(), Stage::Idle);
    proxy.set(Network::Good);
    late.write("123", "update customers set name = 'mine' where id = 123")
        .await;
    eventually("the server knows that rows are copied", async || {
        late.crossfade.is_copied()
    })
    .await;
    assert_eq!(name_of(&late, "123", None).await.value, "mine");
}

#[tokio::test]
async fn a_server_that_was_started_again_knows_that_it_has_forgotten_who_wrote() {
    let pair = Pair::empty().await;
    let migration = open_shop(&pair).await;
    migration.pause_workers(true).await;
    migration
        .write("123", "update customers set name = 'mine' where id = 123")
        .await;
    migration.crossfade.stop().await;
    let databases = databases(&pair.old_url().await, &pair.new_url().await);
    let again = Migration::between(&pair, databases).await;
    again.flags.fix(READ_NEW);
    let mine = name_of(&again, "123", None).await;
    assert_eq!((mine.value.as_str(), mine.reason), ("mine", ReadReason::Behind));
    again.pause_workers(false).await;
    eventually("new is up to what was before the start", async || {
        let read = name_of(&again, "123", None).await;
        assert_eq!(read.value, "mine");
        read.side == Side::New
    })
    .await;
}

#[tokio::test]
async fn nothing_is_read_from_new_before_its_rows_are_copied() {
    let pair = Pair::empty().await;
    pair.open_shop().await;
    let migration = Migration::begin(&pair).await;
    migration.flags.fix(READ_NEW);
    let uncopied = "update crossfade.captured set copied_at = null where table_name = 'orders'";
    migration
        .old
        .batch_execute(uncopied)
        .await
        .expect("a table that is not copied");
    eventually("the record is seen", async || {
        name_of(&migration, "123", None).await.reason == ReadReason::NotCopied
    })
    .await;
}

#[tokio::test]
async fn a_new_that_is_silent_refused_or_gone_fails_no_request() {
    let pair = Pair::empty().await;
    pair.open_shop().await;
    let direct = pair.new_url().await;
    let proxy = Proxy::before_url(&direct).await;
    let migration = Migration::begin_at(&pair, &proxy.url(&direct)).await;
    migration.flags.fix(DUAL);
    assert_eq!(name_of(&migration, "123", None).await.side, Side::New);
    for network in [Network::Silent, Network::Refusing] {
        proxy.set(network);
        for round in 0..6 {
            let update = format!("update customers set name = 'round {round}' where id = 123");
            assert_eq!(migration.write("123", &update).await.mirror, Mirror::Pending);
            let read = name_of(&migration, "123", None).await;
            assert_eq!((read.side, read.value), (Side::Old, format!("round {round}")));
            assert_eq!(name_of(&migration, "456", None).await.side, Side::Old);
        }
        assert!(migration.crossfade.circuit().is_open());
        proxy.set(Network::Good);
        eventually("new is used again", async || {
            name_of(&migration, "456", None).await.side == Side::New
        })
        .await;
        migration.drain().await;
        let (old, new) = migration.both("select * from customers order by id").await;
        assert_eq!(old, new);
    }
}
