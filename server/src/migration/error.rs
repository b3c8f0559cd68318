//! What keeps a migration from going on.

use crate::databases::{DatabaseError, Side};
use crate::sync::handover::HandoverError;
use crate::sync::journal::{BackfillError, InstallError};
use crate::sync::publish_subscribe::{PublishSubscribeError, Trouble};
use crate::sync::{Stage, Transport, UnreadableState};
use crate::verify::VerifyError;

use super::Gates;
use super::preflight::{self, PreflightError};
use super::schema::SchemaError;

/// Why a command on the migration was not done. Whatever was done stays, and the command may be given again.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// It makes no sense at this stage.
    #[error("the migration is {stage}, and this is for a migration that is {wanted}")]
    WrongStage {
        /// Where it stands.
        stage: Stage,
        /// Where it should stand.
        wanted: &'static str,
    },
    /// It has begun otherwise.
    #[error("the migration's transport is {is}; to use {wanted}, end it first with crossfade migrate abort")]
    OtherTransport {
        /// How changes reach the secondary.
        is: Transport,
        /// How they should.
        wanted: Transport,
    },
    /// The stream does not get on.
    #[error("the stream does not get on; mend it, and run the command again: {}", in_words(.0))]
    Stream(Vec<Trouble>),
    /// Gates are closed.
    #[error("{0}")]
    Refused(Gates),
    /// It is not time to retire old.
    #[error("old cannot be retired yet; nothing has happened: {}", .0.join("; "))]
    NotReady(Vec<String>),
    /// The report could not be written, so nothing was removed.
    #[error("the report could not be written; nothing has happened")]
    Report(#[source] std::io::Error),
    /// Something stands in the migration's way.
    #[error("{0}")]
    Preflight(preflight::Report),
    /// What stands in the way could not be looked at.
    #[error(transparent)]
    Examination(#[from] PreflightError),
    /// Another operator is at it.
    #[error("another command is acting on this migration; wait until it has ended")]
    NotAlone,
    /// Servers did not acknowledge what is coming.
    #[error(
        "these servers renew their leases, but did not acknowledge epoch {epoch} within {waited_s} s: {}; \
         nothing has happened; look at their logs",
        servers.join(", ")
    )]
    Unacknowledged {
        /// Which epoch was announced.
        epoch: i64,
        /// Who they are.
        servers: Vec<String>,
        /// How long they were waited for.
        waited_s: u64,
    },
    /// The tables were never free for a moment.
    #[error(
        "the tables of the {side} database could not be locked in {attempts} attempts; nothing has happened; \
         long transactions hold them: {holders}"
    )]
    Busy {
        /// Where.
        side: Side,
        /// How often it was tried.
        attempts: u32,
        /// Who holds them.
        holders: String,
    },
    /// Changes were left in the journal when writers had waited long enough.
    #[error(
        "{entries} changes were still to be mirrored after writers had waited for {waited_ms} ms; nothing has happened; \
         see the servers' logs for what cannot be mirrored"
    )]
    NotDrained {
        /// How many.
        entries: i64,
        /// How long writers waited.
        waited_ms: u128,
    },
    /// Tables came or went.
    #[error("these tables of the {side} database are not captured, or not copied: {}; run start once more", tables.join(", "))]
    NotCaptured {
        /// Where they are.
        side: Side,
        /// Which.
        tables: Vec<String>,
    },
    /// The commit that decides was lost, and the database cannot say what became of it.
    #[error(
        "whether the {side} database has committed epoch {epoch} cannot be told now; give the command again"
    )]
    Undecided {
        /// The epoch.
        epoch: i64,
        /// Where it was to be committed.
        side: Side,
        /// What is in the way.
        #[source]
        source: Box<HandoverError>,
    },
    /// Sessions are still open that could write to old once its fence is gone.
    #[error(
        "{sessions} sessions from before old was made read-only are still connected to it and could not be ended; \
         end them (see pg_stat_activity) and give the command again"
    )]
    SessionsLeft {
        /// How many.
        sessions: i64,
    },
    /// The primary could not be changed or found.
    #[error(transparent)]
    Handover(#[from] HandoverError),
    /// The structures could not be compared.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The stream could not be prepared, or did not get on.
    #[error(transparent)]
    PublishSubscribe(#[from] PublishSubscribeError),
    /// Capture could not be installed.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// Existing rows could not be copied.
    #[error(transparent)]
    Copy(#[from] BackfillError),
    /// The record of verifications could not be read.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The record could not be read.
    #[error(transparent)]
    State(#[from] UnreadableState),
    /// A database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

fn in_words(troubles: &[Trouble]) -> String {
    let each: Vec<String> = troubles.iter().map(ToString::to_string).collect();
    each.join("; ")
}
