//! What an operator sees while a command works.

use std::fmt;

use serde::Serialize;

use crate::databases::Side;
use crate::sync::publish_subscribe::{Ended, Trouble};

/// Something that has just been done, or is waited for.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Progress {
    /// Capture is installed.
    Captured {
        /// Where.
        side: Side,
        /// On how many tables.
        tables: usize,
    },
    /// A slot is being made, which waits for every transaction that is writing.
    Reserving,
    /// The stream has begun.
    Streaming {
        /// Of how many tables.
        tables: usize,
    },
    /// Something keeps the stream from going on.
    Trouble {
        /// What, and the way out.
        trouble: Trouble,
    },
    /// The other side follows the new primary.
    Follows {
        /// Which side that is.
        side: Side,
    },
    /// Rows are being copied.
    Copying {
        /// How far it is, in words.
        how_far: String,
    },
    /// The coming epoch is announced.
    Announced {
        /// Which.
        epoch: i64,
    },
    /// Servers have not acknowledged it yet.
    AwaitingServers {
        /// How many have not.
        missing: usize,
        /// Of how many.
        of: usize,
    },
    /// The fence found the tables in use, and will be tried again.
    Retrying {
        /// Attempts so far.
        attempts: u32,
    },
    /// Nobody writes to the primary any more.
    Fenced,
    /// Everything that was pending is mirrored.
    Drained,
    /// The primary has committed that it is none any more.
    Decided {
        /// The epoch that has begun.
        epoch: i64,
    },
    /// The other side is the primary.
    Finished {
        /// Which side that is.
        primary: Side,
        /// How long writers waited.
        fence_ms: u64,
    },
    /// A stream and its slots are gone.
    StreamEnded {
        /// What became of both ends.
        ended: Ended,
    },
    /// Old takes no more writes from new sessions.
    ReadOnly,
    /// Everything of Crossfade is gone from a database.
    Removed {
        /// From which.
        side: Side,
    },
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Captured { side, tables } => write!(f, "changes of {tables} tables are captured on {side}"),
            Self::Reserving => write!(
                f,
                "the log is kept from now on, once all who are writing have ended"
            ),
            Self::Streaming { tables } => write!(f, "{tables} tables are published and subscribed to"),
            Self::Trouble { trouble } => write!(f, "{trouble}"),
            Self::Follows { side } => write!(f, "{side} follows"),
            Self::Copying { how_far } => write!(f, "{how_far}"),
            Self::Announced { epoch } => write!(f, "epoch {epoch} is announced to all servers"),
            Self::AwaitingServers { missing, of } => {
                write!(f, "{missing} of {of} servers have not acknowledged yet")
            }
            Self::Retrying { attempts } => {
                write!(f, "the tables are in use; attempt {} follows", attempts + 1)
            }
            Self::Fenced => write!(f, "writers wait"),
            Self::Drained => write!(f, "nothing is pending"),
            Self::Decided { epoch } => write!(f, "decided: epoch {epoch} has begun"),
            Self::Finished { primary, fence_ms } => {
                write!(f, "{primary} is the primary; writers waited for {fence_ms} ms")
            }
            Self::StreamEnded { ended } => {
                write!(
                    f,
                    "the stream has ended; dropped: {}",
                    ended.dropped_slots.join(", ")
                )?;
                match &ended.left_on_subscriber {
                    Some(sql) => write!(f, "; the subscriber was away, run there when it is back: {sql}"),
                    None => Ok(()),
                }
            }
            Self::ReadOnly => write!(f, "old is read-only"),
            Self::Removed { side } => write!(f, "nothing of Crossfade is left in {side}"),
        }
    }
}

/// Whoever is told of progress.
pub(super) type Tell<'t> = &'t mut (dyn FnMut(&Progress) + Send);
