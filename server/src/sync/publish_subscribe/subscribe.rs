//! Makes the slot and the subscription.

use std::time::Duration;

use serde::Deserialize;
use tokio_postgres::error::SqlState;

use super::session::Session;
use super::{Direction, PublishSubscribeError};
use crate::catalog::quote_literal;
use crate::databases::Databases;

/// What becomes of the rows that are there when a subscription begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// They are copied.
    Copy,
    /// Both sides have the same: only changes are streamed.
    AreThere,
}

/// The direction's slot, and the room for it.
struct Slot {
    name: String,
    is_there: bool,
    limit: i32,
    idle: String,
}

/// Makes the slot, unless it is there: from now on the publisher keeps its log for the subscriber. It waits for every
/// transaction that is writing on the whole server.
pub async fn reserve(databases: &Databases, direction: Direction) -> Result<(), PublishSubscribeError> {
    let side = direction.publisher();
    let session = Session::open(databases, side).await?;
    let Slot {
        name,
        is_there,
        limit,
        idle,
    } = slot_of(&session, direction).await?;
    if is_there {
        return Ok(());
    }
    let made = session
        .run(
            "make the replication slot",
            &format!("select pg_create_logical_replication_slot('{name}', 'pgoutput')"),
        )
        .await;
    made.map_err(|error| match error.code() {
        Some(&SqlState::CONFIGURATION_LIMIT_EXCEEDED) => {
            PublishSubscribeError::NoSlotLeft { side, limit, idle }
        }
        Some(&SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE) => PublishSubscribeError::NotLogical { side },
        _ => error,
    })
}

/// Lets a slot that nobody has read from yet begin now: what was written before is on the subscriber already.
pub async fn skip_to_now(databases: &Databases, direction: Direction) -> Result<(), PublishSubscribeError> {
    let session = Session::open(databases, direction.publisher()).await?;
    skip_in(&session, direction).await
}

/// The same, in a session with the publisher.
pub(super) async fn skip_in(session: &Session, direction: Direction) -> Result<(), PublishSubscribeError> {
    let side = direction.publisher();
    let slot = slot_of(session, direction).await?;
    if !slot.is_there {
        return Err(PublishSubscribeError::NoSlot {
            side,
            slot: slot.name,
        });
    }
    // A subscription's worker commits without waiting for its log to be written, and a slot cannot be advanced over what is
    // not: a commit that waits comes after all of it.
    session
        .run(
            "write the log",
            "set synchronous_commit = on; select pg_logical_emit_message(true, 'crossfade', 'from here on')",
        )
        .await?;
    session
        .run(
            "advance the replication slot",
            &format!(
                "select pg_replication_slot_advance('{}', pg_current_wal_lsn())",
                slot.name
            ),
        )
        .await
}

/// Subscribes, by the slot that [`reserve`] made, to the publication that [`prepare`](super::prepare) made. Run again, it
/// takes up tables that were published since.
pub async fn subscribe(
    databases: &Databases,
    direction: Direction,
    rows: Rows,
) -> Result<(), PublishSubscribeError> {
    let (publisher, subscriber) = (direction.publisher(), direction.subscriber());
    let publishing = Session::open(databases, publisher).await?;
    let slot = slot_of(&publishing, direction).await?;
    if !slot.is_there {
        return Err(PublishSubscribeError::NoSlot {
            side: publisher,
            slot: slot.name,
        });
    }
    let session = Session::open(databases, subscriber).await?;
    let name = direction.name();
    let copy = rows == Rows::Copy;
    if subscription(&session, direction).await?.is_some() {
        session
            .run(
                "refresh the subscription",
                &format!("alter subscription {name} refresh publication with (copy_data = {copy})"),
            )
            .await?;
    } else {
        // Changes that came from a subscription themselves are not sent back; version 15 cannot say so, and there the
        // other direction must have ended.
        if rows == Rows::Copy {
            // Markers of an earlier run would be in the way of their own copy.
            session
                .run("forget old markers", &format!("truncate {}", direction.markers()))
                .await?;
        }
        let origin = if version(&session).await? >= 16 {
            ", origin = none"
        } else {
            ""
        };
        session
            .run(
                "make the subscription",
                &format!(
                    "create subscription {name} connection {} publication {name} \
                     with (create_slot = false, slot_name = '{}', copy_data = {copy}{origin})",
                    quote_literal(databases.url(publisher).with_password()),
                    slot.name
                ),
            )
            .await?;
    }
    // Should the subscriber vanish, the slots of its workers can still be found by these.
    if let Some(made) = subscription(&session, direction).await? {
        publishing
            .run(
                "note the subscription",
                &format!(
                    "insert into crossfade.replication values ('{name}', {}, {}) on conflict (direction) do update \
                     set subscription_oid = excluded.subscription_oid, subscriber_identity = excluded.subscriber_identity",
                    made.oid,
                    quote_literal(&made.identity)
                ),
            )
            .await?;
    }
    Ok(())
}

/// Holds the subscription: when this returns, its workers have ended, and nothing more is applied until [`resume`]. Its slot
/// stays, so that nothing is lost meanwhile.
pub async fn pause(databases: &Databases, direction: Direction) -> Result<(), PublishSubscribeError> {
    let session = Session::open(databases, direction.subscriber()).await?;
    let name = direction.name();
    session
        .run(
            "disable the subscription",
            &format!("alter subscription {name} disable"),
        )
        .await?;
    let question = format!(
        "select 1 as one from pg_stat_subscription s where s.subname = '{name}' and s.pid is not null"
    );
    loop {
        let works: Option<serde_json::Value> = session.ask_one("look for workers", &question).await?;
        if works.is_none() {
            return Ok(());
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

/// A worker notices at its next message, or after a moment without any, that its subscription is disabled.
const BETWEEN_LOOKS: Duration = Duration::from_millis(2);

/// Lets a subscription go on that was held by [`pause`].
pub async fn resume(databases: &Databases, direction: Direction) -> Result<(), PublishSubscribeError> {
    let session = Session::open(databases, direction.subscriber()).await?;
    session
        .run(
            "enable the subscription",
            &format!("alter subscription {} enable", direction.name()),
        )
        .await
}

/// A subscription as its own database knows it.
#[derive(Debug, Deserialize)]
pub(super) struct Subscription {
    pub(super) oid: u32,
    /// The subscribing server's identifier.
    pub(super) identity: String,
}

/// The direction's subscription, if there is one.
pub(super) async fn subscription(
    session: &Session,
    direction: Direction,
) -> Result<Option<Subscription>, PublishSubscribeError> {
    let question = format!(
        "select s.oid::bigint as oid, (select c.system_identifier::text from pg_control_system() c) as identity \
         from pg_subscription s join pg_database d on d.oid = s.subdbid and d.datname = current_database() \
         where s.subname = '{}'",
        direction.name()
    );
    session.ask_one("look for the subscription", &question).await
}

/// The name of the direction's slot on this publisher.
pub(super) async fn slot_name(
    session: &Session,
    direction: Direction,
) -> Result<String, PublishSubscribeError> {
    Ok(slot_of(session, direction).await?.name)
}

async fn slot_of(session: &Session, direction: Direction) -> Result<Slot, PublishSubscribeError> {
    #[derive(Deserialize)]
    struct Row {
        oid: u32,
        slots: Vec<String>,
        limit: i32,
        idle: String,
    }
    let question = "select (select d.oid::bigint from pg_database d where d.datname = current_database()) as oid, \
                    coalesce((select json_agg(s.slot_name) from pg_replication_slots s), '[]') as slots, \
                    current_setting('max_replication_slots')::int as limit, \
                    coalesce((select string_agg(s.slot_name, ', ') from pg_replication_slots s where not s.active), 'none') \
                    as idle";
    let row: Option<Row> = session.ask_one("look for the replication slot", question).await?;
    let row = row.unwrap_or(Row {
        oid: 0,
        slots: Vec::new(),
        limit: 0,
        idle: String::new(),
    });
    let slot = direction.slot(row.oid);
    Ok(Slot {
        is_there: row.slots.contains(&slot),
        name: slot,
        limit: row.limit,
        idle: row.idle,
    })
}

async fn version(session: &Session) -> Result<u32, PublishSubscribeError> {
    #[derive(Deserialize)]
    struct Row {
        major: u32,
    }
    let question = "select current_setting('server_version_num')::int / 10000 as major";
    let row: Option<Row> = session.ask_one("ask for the version", question).await?;
    Ok(row.map_or(0, |row| row.major))
}
