//! What embeds Crossfade may run its requests on any executor: the futures of the library can be sent between
//! threads, with the caller's own diesel code in them.

use crossfade::flags::Route;
use crossfade::routing::{Crossfade, Mirror, OnceKey};
use diesel::{ExpressionMethods as _, QueryDsl as _, QueryResult, TextExpressionMethods as _};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};

use crate::support::databases::Pair;
use crate::support::migration::{Migration, context};

diesel::table! {
    customers (id) {
        id -> BigInt,
        name -> Text,
    }
}

/// Compiles only for what can be sent.
fn sendable<T: Send>(value: T) -> T {
    value
}

/// A backend's own function, over borrowed data and more than one statement.
async fn rename(connection: &mut AsyncPgConnection, id: i64, name: &str) -> QueryResult<String> {
    diesel::update(customers::table.find(id))
        .set(customers::name.eq(name))
        .execute(connection)
        .await?;
    customers::table
        .find(id)
        .select(customers::name)
        .first(connection)
        .await
}

/// A request: all that a handler does is in its future.
async fn request(crossfade: Crossfade, id: i64, name: String) -> (Mirror, String, String) {
    let user = context(&id.to_string());
    let written = sendable(crossfade.write(&user, None, async |connection| {
        rename(connection, id, &name).await
    }));
    let written = written.await.expect("a write");
    let key = OnceKey::new(&[name.as_bytes()], "again", &[]);
    let once = sendable(crossfade.write_once(&user, None, &key, async |connection| {
        rename(connection, id, &format!("{name} once")).await
    }));
    let once = once.await.expect("a write that is done once");
    let read = sendable(crossfade.read(&user, None, async |connection| {
        let named = customers::table.filter(customers::name.like(format!("{name}%")));
        named
            .filter(customers::id.eq(id))
            .select(customers::name)
            .first::<String>(connection)
            .await
    }));
    let read = read.await.expect("a read");
    (written.mirror, once.written.value, read.value)
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_spawned_on_threads_of_an_executor_with_their_diesel_code() {
    let pair = Pair::empty().await;
    pair.open_shop().await;
    let migration = Migration::begin(&pair).await;
    migration.flags.fix(Route {
        write: true,
        read: true,
    });
    let requests: Vec<_> = (1..=8)
        .map(|id| tokio::spawn(request(migration.crossfade.clone(), id, format!("customer {id}"))))
        .collect();
    for (request, id) in requests.into_iter().zip(1..) {
        let (mirror, once, read) = request.await.expect("a request that ends well");
        assert_eq!(mirror, Mirror::Applied);
        assert_eq!(
            (once, read),
            (format!("customer {id} once"), format!("customer {id} once"))
        );
    }
}
