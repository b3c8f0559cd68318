//! Removes everything that the transport made. The slot is what matters most: left behind, it fills the publisher's disk.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::sleep;
use tokio_postgres::error::SqlState;

use super::session::Session;
use super::subscribe::{slot_name, subscription};
use super::{Direction, PublishSubscribeError};
use crate::databases::{Databases, with_causes};

/// What became of both ends.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Ended {
    /// What is left on a subscriber that could not be asked, and the SQL to run there when it is back. It does no harm
    /// meanwhile: its slot is gone.
    pub left_on_subscriber: Option<String>,
    /// The slots that were dropped.
    pub dropped_slots: Vec<String>,
}

/// A sender notices that it has to go at its next message.
const ATTEMPTS: u32 = 50;
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(100);

/// Removes the subscription, the slots and the publication, in this order; whatever is not there is passed over. The
/// publisher must answer; the subscriber need not.
pub async fn end(databases: &Databases, direction: Direction) -> Result<Ended, PublishSubscribeError> {
    let mut ended = Ended::default();
    let mut known = None;
    let name = direction.name();
    match end_subscription(databases, direction).await {
        Ok(subscription) => known = subscription,
        Err(error) if error.unreachable() == Some(direction.subscriber()) => {
            log::warn!(
                "the {} database cannot be asked, so that its subscription is left: {}",
                direction.subscriber(),
                with_causes(&error)
            );
            ended.left_on_subscriber = Some(format!(
                "alter subscription {name} disable; alter subscription {name} set (slot_name = none); drop subscription {name};"
            ));
        }
        Err(error) => return Err(error),
    }
    let session = Session::open(databases, direction.publisher()).await?;
    ended.dropped_slots = drop_slots(&session, direction, known).await?;
    session
        .run(
            "drop the publication",
            &format!("drop publication if exists {name}"),
        )
        .await?;
    forget(&session, direction).await?;
    Ok(ended)
}

/// Drops the subscription without its slots, which the publisher drops for itself: so it succeeds also when the publisher
/// is in trouble. Returns what is needed to find its workers' slots.
async fn end_subscription(
    databases: &Databases,
    direction: Direction,
) -> Result<Option<(u32, String)>, PublishSubscribeError> {
    let session = Session::open(databases, direction.subscriber()).await?;
    let Some(there) = subscription(&session, direction).await? else {
        return Ok(None);
    };
    let name = direction.name();
    for (doing, sql) in [
        (
            "disable the subscription",
            format!("alter subscription {name} disable"),
        ),
        (
            "part the subscription from its slot",
            format!("alter subscription {name} set (slot_name = none)"),
        ),
        ("drop the subscription", format!("drop subscription {name}")),
    ] {
        session.run(doing, &sql).await?;
    }
    Ok(Some((there.oid, there.identity)))
}

/// Drops the stream's slot and those of workers that were copying tables.
async fn drop_slots(
    session: &Session,
    direction: Direction,
    known: Option<(u32, String)>,
) -> Result<Vec<String>, PublishSubscribeError> {
    #[derive(Deserialize)]
    struct Slot {
        slot_name: String,
    }
    let noted = noted(session, direction).await?;
    let mut conditions = vec![format!(
        "s.slot_name = '{}'",
        slot_name(session, direction).await?
    )];
    for (oid, identity) in known.into_iter().chain(noted) {
        // PostgreSQL names the slot of a copying worker by subscription, table and subscribing server.
        if identity.bytes().all(|byte| byte.is_ascii_digit()) {
            conditions.push(format!("s.slot_name ~ '^pg_{oid}_sync_[0-9]+_{identity}$'"));
        }
    }
    let question = format!(
        "select s.slot_name from pg_replication_slots s where {}",
        conditions.join(" or ")
    );
    let slots: Vec<Slot> = session.ask("look for slots", &question).await?;
    let mut dropped = Vec::new();
    for Slot { slot_name } in slots {
        drop_slot(session, &slot_name).await?;
        dropped.push(slot_name);
    }
    Ok(dropped)
}

/// Drops a slot, whoever is reading from it.
async fn drop_slot(session: &Session, slot: &str) -> Result<(), PublishSubscribeError> {
    let mut attempt = 1;
    loop {
        let sql = format!(
            "select pg_terminate_backend(s.active_pid) from pg_replication_slots s \
             where s.slot_name = '{slot}' and s.active_pid is not null; \
             select pg_drop_replication_slot(s.slot_name) from pg_replication_slots s where s.slot_name = '{slot}'"
        );
        match session.run("drop a replication slot", &sql).await {
            Err(error) if error.code() == Some(&SqlState::OBJECT_IN_USE) && attempt < ATTEMPTS => {
                attempt += 1;
                sleep(BETWEEN_ATTEMPTS).await;
            }
            // A worker that ends in order drops its own.
            Err(error) if error.code() == Some(&SqlState::UNDEFINED_OBJECT) => return Ok(()),
            dropped => return dropped,
        }
    }
}

/// What was noted of the subscription when it was made, for when its side is gone.
async fn noted(
    session: &Session,
    direction: Direction,
) -> Result<Option<(u32, String)>, PublishSubscribeError> {
    #[derive(Deserialize)]
    struct Row {
        oid: Option<u32>,
        identity: Option<String>,
    }
    if !has_record(session).await? {
        return Ok(None);
    }
    let question = format!(
        "select r.subscription_oid::bigint as oid, r.subscriber_identity as identity \
         from crossfade.replication r where r.direction = '{}'",
        direction.name()
    );
    let row: Option<Row> = session.ask_one("look for what was noted", &question).await?;
    Ok(row.and_then(|row| Some((row.oid?, row.identity?))))
}

async fn forget(session: &Session, direction: Direction) -> Result<(), PublishSubscribeError> {
    if !has_record(session).await? {
        return Ok(());
    }
    let sql = format!(
        "delete from crossfade.replication where direction = '{}'",
        direction.name()
    );
    session.run("forget the subscription", &sql).await
}

async fn has_record(session: &Session) -> Result<bool, PublishSubscribeError> {
    let question = "select 1 as one where to_regclass('crossfade.replication') is not null";
    let there: Option<serde_json::Value> = session.ask_one("look for what was noted", question).await?;
    Ok(there.is_some())
}
