//! What is wrong with a stream, and the way out.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::changes::{Change, ChangeKind, next_changes};
use super::session::Session;
use super::status::{CopyState, Status};
use super::subscribe::slot_name;
use super::{Direction, Limits, PublishSubscribeError};
use crate::catalog::{quote_identifier, quote_literal};
use crate::databases::{Databases, Side};

/// Something that keeps a direction from going on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// A word for programs, which never changes.
    pub code: String,
    /// What is wrong, with names and numbers.
    pub message: String,
    /// What to do, in order.
    pub way_out: Vec<String>,
}

impl Trouble {
    fn new(code: &str, message: String, way_out: impl IntoIterator<Item = String>) -> Self {
        Self {
            code: code.to_owned(),
            message,
            way_out: way_out.into_iter().collect(),
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        for step in &self.way_out {
            write!(f, "\n    {step}")?;
        }
        Ok(())
    }
}

/// A statement to be run on a side, as a person reads it.
fn on(side: Side, sql: &str) -> String {
    format!("on {side}: {sql};")
}

/// What is wrong, given a status and the one before it; nothing, if all is well.
pub async fn troubles(
    databases: &Databases,
    limits: &Limits,
    before: Option<&Status>,
    now: &Status,
) -> Result<Vec<Trouble>, PublishSubscribeError> {
    let mut found = ends(now);
    found.extend(log_kept(limits, now));
    if fails_to_apply(before, now) {
        found.extend(what_fails(databases, now).await?);
    }
    if fails_to_copy(before, now) {
        found.extend(what_cannot_be_copied(now));
    }
    if !now.unpublished.is_empty() {
        found.push(Trouble::new(
            "unpublished",
            format!(
                "{} on {} were made since and are not published",
                now.unpublished.join(", "),
                now.direction.publisher()
            ),
            [
                "start the transport again: it makes them on the other side, publishes and copies them"
                    .to_owned(),
            ],
        ));
    }
    Ok(found)
}

/// What is missing or idle at either end.
fn ends(now: &Status) -> Vec<Trouble> {
    let (publisher, subscriber) = (now.direction.publisher(), now.direction.subscriber());
    let name = now.direction.name();
    let again = || "end the transport and start it again: rows are copied anew".to_owned();
    let mut found = Vec::new();
    match &now.slot {
        None => found.push(Trouble::new(
            "no-slot",
            format!("the slot on {publisher} is gone, and with it the log that {subscriber} has not read"),
            [again()],
        )),
        Some(slot) if slot.wal_status.as_deref() == Some("lost") => found.push(Trouble::new(
            "slot-lost",
            format!("{publisher} has removed log that {subscriber} had not read (max_slot_wal_keep_size)"),
            [again()],
        )),
        Some(_) => {}
    }
    if !now.subscriber_answers {
        found.push(Trouble::new(
            "subscriber-away",
            format!(
                "{subscriber} does not answer; {publisher} keeps {} of log for it",
                bytes(now.slot.as_ref().and_then(|slot| slot.retained_bytes))
            ),
            [format!("start {subscriber}: it goes on where it was")],
        ));
        return found;
    }
    match &now.subscription {
        None => found.push(Trouble::new(
            "no-subscription",
            format!("{subscriber} has no subscription {name}"),
            [again()],
        )),
        Some(subscription) if !subscription.enabled => found.push(Trouble::new(
            "disabled",
            format!("the subscription {name} on {subscriber} is disabled"),
            [on(subscriber, &format!("alter subscription {name} enable"))],
        )),
        Some(_) => {}
    }
    found
}

fn log_kept(limits: &Limits, now: &Status) -> Option<Trouble> {
    let publisher = now.direction.publisher();
    let kept = now.slot.as_ref()?.retained_bytes?;
    (kept > limits.alarm_bytes).then(|| {
        Trouble::new(
            "log-kept",
            format!(
                "{publisher} keeps {} of log for {}; from {} on its slot is dropped, before the disk fills up",
                bytes(Some(kept)),
                now.direction.subscriber(),
                bytes(Some(limits.abort_bytes))
            ),
            [
                format!("see that {} goes on", now.direction.subscriber()),
                "or end the transport".to_owned(),
            ],
        )
    })
}

/// PostgreSQL counts failures and keeps their words in its log only.
fn fails_to_apply(before: Option<&Status>, now: &Status) -> bool {
    let errors = |status: &Status| status.subscription.as_ref().map_or(0, |of| of.apply_errors);
    let grew = before.is_some_and(|before| errors(now) > errors(before));
    let stands = now
        .subscription
        .as_ref()
        .is_some_and(|of| of.enabled && !of.works)
        && errors(now) > 0;
    grew || stands
}

fn fails_to_copy(before: Option<&Status>, now: &Status) -> bool {
    let errors = |status: &Status| status.subscription.as_ref().map_or(0, |of| of.copy_errors);
    let unfinished = now.tables.iter().any(|table| table.state != CopyState::Streaming);
    let grew = before.is_some_and(|before| errors(now) > errors(before));
    unfinished && (grew || errors(now) > 0)
}

fn what_cannot_be_copied(now: &Status) -> Vec<Trouble> {
    let (publisher, subscriber) = (now.direction.publisher(), now.direction.subscriber());
    let stuck: Vec<&str> = now
        .tables
        .iter()
        .filter(|table| table.state == CopyState::Copying || table.state == CopyState::Waiting)
        .map(|table| table.name.as_str())
        .collect();
    if now.slots.0 >= now.slots.1 {
        let enough = now.slots.1 + 4;
        return vec![Trouble::new(
            "slots-taken",
            format!(
                "all {} slots of {publisher} are taken, so that {} cannot be copied",
                now.slots.1,
                stuck.join(", ")
            ),
            [
                on(
                    publisher,
                    "select slot_name from pg_replication_slots where not active",
                ),
                on(publisher, "select pg_drop_replication_slot(…)"),
                format!(
                    "or on {publisher}: alter system set max_replication_slots = {enough}; then restart it"
                ),
            ],
        )];
    }
    let way_out = stuck
        .iter()
        .map(|name| on(subscriber, &format!("truncate {name}")));
    let mut steps = vec![format!(
        "if rows of {subscriber}'s own are in the way (nobody else may write there):"
    )];
    steps.extend(way_out);
    steps.push(format!(
        "the copy is tried again every few seconds; {subscriber}'s log has PostgreSQL's own words"
    ));
    vec![Trouble::new(
        "copy-fails",
        format!("{} cannot be copied to {subscriber}", stuck.join(", ")),
        steps,
    )]
}

/// The change that cannot be applied, found by looking at what comes next.
async fn what_fails(databases: &Databases, now: &Status) -> Result<Vec<Trouble>, PublishSubscribeError> {
    let direction = now.direction;
    let publishing = Session::open(databases, direction.publisher()).await?;
    let slot = slot_name(&publishing, direction).await?;
    // Between two attempts of the subscriber the slot is free; the next look will find it so.
    let changes = next_changes(&publishing, direction, &slot)
        .await
        .unwrap_or_default();
    let subscribed = Session::open(databases, direction.subscriber()).await?;
    for change in &changes {
        if let Some(trouble) = why_it_fails(&subscribed, direction, change).await? {
            return Ok(vec![trouble]);
        }
    }
    let mut tables: Vec<String> = changes.iter().map(quoted).collect();
    tables.sort();
    tables.dedup();
    let which = if tables.is_empty() {
        "changes".to_owned()
    } else {
        format!("a transaction that changes {}", tables.join(", "))
    };
    Ok(vec![Trouble::new(
        "apply-fails",
        format!("{} cannot apply {which}", direction.subscriber()),
        [
            format!(
                "read in {}'s log what PostgreSQL says, and mend it there",
                direction.subscriber()
            ),
            "it is tried again every few seconds".to_owned(),
        ],
    )])
}

async fn why_it_fails(
    subscribed: &Session,
    direction: Direction,
    change: &Change,
) -> Result<Option<Trouble>, PublishSubscribeError> {
    let subscriber = direction.subscriber();
    let table = quoted(change);
    let there: Option<serde_json::Value> = subscribed
        .ask_one(
            "look for a table",
            &format!(
                "select 1 as one where to_regclass({}) is not null",
                quote_literal(&table)
            ),
        )
        .await?;
    if there.is_none() {
        return Ok(Some(Trouble::new(
            "table-missing",
            format!(
                "{subscriber} has no table {table} any more, so that the {} it cannot be applied",
                change.kind.name()
            ),
            [
                "crossfade migrate schema --apply before-copy".to_owned(),
                on(
                    subscriber,
                    &format!("alter subscription {} refresh publication", direction.name()),
                ),
                "its rows are copied again; when they are: crossfade migrate schema --apply after-copy"
                    .to_owned(),
            ],
        )));
    }
    if change.kind != ChangeKind::Insert || change.key.is_empty() {
        return Ok(None);
    }
    let conditions: Vec<String> = change
        .key
        .iter()
        .map(|(name, value)| format!("{} = {}", quote_identifier(name), quote_literal(value)))
        .collect();
    let condition = conditions.join(" and ");
    let row: Option<serde_json::Value> = subscribed
        .ask_one(
            "look for a row",
            &format!("select 1 as one where exists (select from {table} where {condition})"),
        )
        .await?;
    Ok(row.map(|_| {
        Trouble::new(
            "row-in-the-way",
            format!(
                "{subscriber} has a row of its own in {table} where {condition}, which {} inserts",
                direction.publisher()
            ),
            [
                on(subscriber, &format!("delete from {table} where {condition}")),
                "the stream goes on by itself; find out who writes there".to_owned(),
            ],
        )
    }))
}

fn quoted(change: &Change) -> String {
    format!(
        "{}.{}",
        quote_identifier(&change.schema),
        quote_identifier(&change.table)
    )
}

fn bytes(count: Option<i64>) -> String {
    let mb = count.unwrap_or(0) >> 20;
    format!("{mb} MB")
}
