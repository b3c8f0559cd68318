//! How far a direction has come: its slot, its subscription, and each table.

use serde::{Deserialize, Serialize};

use super::session::Session;
use super::subscribe::slot_name;
use super::{Direction, PublishSubscribeError};
use crate::catalog::quote_literal;
use crate::databases::Databases;

/// How far a direction has come.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Status {
    /// Which direction.
    pub direction: Direction,
    /// Whether the publication is there.
    pub publishes: bool,
    /// The slot, if it is there.
    pub slot: Option<SlotStatus>,
    /// Slots in use on the publisher's server, and how many there may be.
    pub slots: (i32, i32),
    /// The subscription, if it is there and its side can be asked.
    pub subscription: Option<SubscriptionStatus>,
    /// Whether the subscriber could be asked.
    pub subscriber_answers: bool,
    /// How long ago the latest marker that the subscriber has applied was set, by the publisher's clock. As markers are set
    /// by whoever waits, it grows while nobody does; [`super::Watch`] sets one each time it looks.
    pub lag_seconds: Option<f64>,
    /// Each published table.
    pub tables: Vec<TableStatus>,
    /// Tables of the publisher that are not published: made since.
    pub unpublished: Vec<String>,
}

/// A slot, as its server tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotStatus {
    /// Whether anybody is reading from it at the moment.
    pub active: bool,
    /// `lost` when its log is gone.
    pub wal_status: Option<String>,
    /// Log that is kept for it.
    pub retained_bytes: Option<i64>,
    /// Log that the subscriber has not confirmed.
    pub lag_bytes: Option<i64>,
}

/// A subscription, as its database tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SubscriptionStatus {
    /// Whether it is meant to work.
    pub enabled: bool,
    /// Whether its worker runs at the moment.
    pub works: bool,
    /// Failures to apply changes so far.
    pub apply_errors: i64,
    /// Failures to copy tables so far.
    pub copy_errors: i64,
}

/// A published table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableStatus {
    /// Its name, quoted where it must be.
    pub name: String,
    /// How far its copy has come.
    pub state: CopyState,
    /// Rows and bytes copied so far, while it is being copied.
    pub copied: Option<(i64, i64)>,
    /// Rows the publisher estimates it to have.
    pub expected_rows: i64,
}

/// How far a table's copy has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CopyState {
    /// The subscription does not know it: it is not there, or was made since.
    Unknown,
    /// It waits for its turn.
    Waiting,
    /// It is being copied.
    Copying,
    /// It is copied and catches up with the stream.
    CatchingUp,
    /// The stream keeps it up to date.
    Streaming,
}

impl Status {
    /// Whether every table is copied and kept up to date.
    #[must_use]
    pub fn is_copied(&self) -> bool {
        self.subscription.is_some()
            && self
                .tables
                .iter()
                .all(|table| table.state == CopyState::Streaming)
    }
}

#[derive(Deserialize)]
struct Publisher {
    now: f64,
    slots_used: i32,
    slots_allowed: i32,
    slot: Option<SlotStatus>,
    publishes: bool,
    published: Vec<Published>,
    unpublished: Vec<String>,
}

#[derive(Deserialize)]
struct Published {
    name: String,
    expected_rows: Option<i64>,
}

#[derive(Deserialize)]
struct Subscriber {
    enabled: bool,
    works: bool,
    apply_errors: i64,
    copy_errors: i64,
    marked_at: Option<f64>,
    tables: Vec<Subscribed>,
}

#[derive(Deserialize)]
struct Subscribed {
    name: String,
    state: String,
    copied_rows: Option<i64>,
    copied_bytes: Option<i64>,
}

/// How far the direction has come. The publisher must answer; a subscriber that does not is told in the status.
pub async fn status(databases: &Databases, direction: Direction) -> Result<Status, PublishSubscribeError> {
    let session = Session::open(databases, direction.publisher()).await?;
    let slot = slot_name(&session, direction).await?;
    let question = include_str!("status_publisher.sql")
        .replace("{slot}", &quote_literal(&slot))
        .replace("{publication}", &quote_literal(direction.name()));
    let publisher: Option<Publisher> = session
        .ask_one("ask how far the stream has come", &question)
        .await?;
    let Some(publisher) = publisher else {
        return Err(PublishSubscribeError::NoSlot {
            side: direction.publisher(),
            slot,
        });
    };
    let subscriber = match subscriber(databases, direction).await {
        Ok(subscriber) => Some(subscriber),
        Err(error) if error.unreachable() == Some(direction.subscriber()) => None,
        Err(error) => return Err(error),
    };
    let answers = subscriber.is_some();
    Ok(put_together(direction, publisher, answers, subscriber.flatten()))
}

async fn subscriber(
    databases: &Databases,
    direction: Direction,
) -> Result<Option<Subscriber>, PublishSubscribeError> {
    let session = Session::open(databases, direction.subscriber()).await?;
    let prepared: Option<serde_json::Value> = session
        .ask_one(
            "look for the schema crossfade",
            "select 1 as one where to_regclass('crossfade.marker_to_new') is not null",
        )
        .await?;
    if prepared.is_none() {
        return Ok(None);
    }
    let question = include_str!("status_subscriber.sql")
        .replace("{subscription}", &quote_literal(direction.name()))
        .replace("{markers}", direction.markers());
    session
        .ask_one("ask how far the subscription has come", &question)
        .await
}

fn put_together(
    direction: Direction,
    publisher: Publisher,
    subscriber_answers: bool,
    subscriber: Option<Subscriber>,
) -> Status {
    let subscribed = subscriber
        .as_ref()
        .map(|row| row.tables.as_slice())
        .unwrap_or_default();
    let tables = publisher.published.iter().map(|published| {
        let there = subscribed.iter().find(|table| table.name == published.name);
        TableStatus {
            name: published.name.clone(),
            state: there.map_or(CopyState::Unknown, |table| copy_state(&table.state)),
            copied: there.and_then(|table| Some((table.copied_rows?, table.copied_bytes?))),
            expected_rows: published.expected_rows.unwrap_or(0),
        }
    });
    Status {
        direction,
        publishes: publisher.publishes,
        slots: (publisher.slots_used, publisher.slots_allowed),
        tables: tables.collect(),
        unpublished: publisher.unpublished,
        slot: publisher.slot,
        subscriber_answers,
        lag_seconds: subscriber
            .as_ref()
            .and_then(|row| row.marked_at)
            .map(|at| (publisher.now - at).max(0.0)),
        subscription: subscriber.map(|row| SubscriptionStatus {
            enabled: row.enabled,
            works: row.works,
            apply_errors: row.apply_errors,
            copy_errors: row.copy_errors,
        }),
    }
}

/// PostgreSQL's own letters, from the catalog `pg_subscription_rel`.
fn copy_state(letter: &str) -> CopyState {
    match letter {
        "i" => CopyState::Waiting,
        "d" => CopyState::Copying,
        "f" | "s" => CopyState::CatchingUp,
        "r" => CopyState::Streaming,
        _ => CopyState::Unknown,
    }
}
