//! Where a migration stands, as both databases have it.

use std::fmt;

use serde::Serialize;

use crate::databases::{Databases, Side, with_causes};
use crate::sync::handover::standing;
use crate::sync::journal::{Pending, pending};
use crate::sync::publish_subscribe::Direction;
use crate::sync::servers::{Server, servers};
use crate::sync::{Stage, State, Transport};
use crate::verify::{Verified, last_verification};

use super::MigrationError;
use super::events::{Event, of_side};
use super::schema::compare;
use super::stream::{Stream, look};

/// Where it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Status {
    /// The stage and what goes with it.
    #[serde(flatten)]
    pub state: State,
    /// The side that takes every write first.
    pub primary: Side,
    /// What waits in the journal; absent where nothing is captured.
    pub pending: Option<Pending>,
    /// The last verification of all tables.
    pub verified: Option<Verified>,
    /// Servers that the primary has heard of.
    pub servers: Vec<Server>,
    /// The stream, with the transport `publish-subscribe`, where it was looked at.
    pub stream: Option<Stream>,
    /// Whether both databases have the same structure, where that was looked at.
    pub drift: Option<Drift>,
    /// What was done lately, as the primary has it; the latest last.
    pub events: Vec<Event>,
}

/// Whether both databases have the same structure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Drift {
    /// They have.
    None,
    /// Objects that are not the same, each in a line.
    Differences(Vec<String>),
    /// It cannot be told now.
    Unknown(String),
}

/// Reads it from the primary. A change of primary that was decided and interrupted is finished first.
pub async fn status(databases: &Databases) -> Result<Status, MigrationError> {
    let state = Box::pin(standing(databases, Side::Old)).await?;
    let primary = state.primary();
    let mut status = Status {
        primary,
        pending: None,
        verified: None,
        servers: Vec::new(),
        stream: None,
        drift: None,
        events: Vec::new(),
        state,
    };
    if status.state.is_captured() {
        let mut connection = databases.mirror_session(primary).await?;
        status.pending = Some(pending(databases, primary).await?);
        status.verified = last_verification(&mut connection, primary).await?;
        status.servers = servers(&mut connection, primary).await?;
        let events = of_side(&mut connection, primary).await?;
        status.events = events.into_iter().rev().take(EVENTS).rev().collect();
    }
    Ok(status)
}

impl Status {
    /// Looks at the stream and at the structures of both databases too, which takes a moment.
    pub async fn look_further(&mut self, databases: &Databases) -> Result<(), MigrationError> {
        if !self.state.is_captured() {
            return Ok(());
        }
        if self.state.transport == Transport::PublishSubscribe {
            self.stream = Some(look(databases, Direction::from_primary(self.primary)).await?);
        }
        self.drift = Some(match compare(databases).await {
            Ok(found) if found.is_equal() => Drift::None,
            Ok(found) => Drift::Differences(found.differences.iter().map(ToString::to_string).collect()),
            Err(error) => Drift::Unknown(with_causes(&error)),
        });
        Ok(())
    }
}

/// The latest events that are shown.
const EVENTS: usize = 10;

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = &self.state;
        writeln!(
            f,
            "stage     {}{}",
            state.stage,
            if state.paused { ", mirrors paused" } else { "" }
        )?;
        writeln!(f, "primary   {}, in epoch {}", self.primary, state.epoch)?;
        if let Some(epoch) = state.announced {
            writeln!(
                f,
                "announced epoch {epoch}: a turn is under way, or was interrupted and may be given again"
            )?;
        }
        if state.stage == Stage::Syncing && !state.copied {
            writeln!(f, "copy      not finished; crossfade migrate start goes on")?;
        }
        if state.is_captured() {
            writeln!(f, "transport {}", state.transport)?;
        }
        if let Some(stream) = &self.stream {
            writeln!(f, "stream    {stream}")?;
            for trouble in &stream.troubles {
                writeln!(f, "TROUBLE   {trouble}")?;
            }
        }
        match &self.drift {
            None | Some(Drift::None) => {}
            Some(Drift::Differences(each)) => {
                writeln!(
                    f,
                    "schema    {} objects differ, which keeps switch from being done",
                    each.len()
                )?;
                for difference in each {
                    writeln!(f, "          {difference}")?;
                }
            }
            Some(Drift::Unknown(why)) => writeln!(f, "schema    cannot be compared: {why}")?,
        }
        if let Some(pending) = &self.pending
            && state.transport == Transport::Journal
        {
            let oldest = pending.oldest_seconds.unwrap_or_default();
            writeln!(
                f,
                "journal   {} changes pending, the oldest for {oldest:.1} s",
                pending.entries
            )?;
        }
        match &self.verified {
            Some(verified) if verified.clean => {
                writeln!(f, "verified  clean, {:.0} s ago", verified.age_seconds)?;
            }
            Some(verified) => writeln!(
                f,
                "verified  {} differences or unfinished, {:.0} s ago",
                verified.differences, verified.age_seconds
            )?,
            None if state.is_captured() => writeln!(f, "verified  never in this epoch")?,
            None => {}
        }
        for server in self.servers.iter().filter(|server| server.is_live) {
            writeln!(
                f,
                "server    {} with rules {}, epoch {}",
                server.name, server.rules, server.acknowledged
            )?;
        }
        for event in &self.events {
            writeln!(
                f,
                "{:.0}  {} by {}: {}",
                event.at, event.what, event.who, event.why
            )?;
        }
        Ok(())
    }
}
