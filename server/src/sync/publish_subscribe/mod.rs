//! The transport `publish-subscribe`: PostgreSQL's own logical replication copies the rows and streams the changes, and is
//! the only writer on the secondary. Nothing here writes the user's tables; it prepares, starts, watches and ends.
//!
//! A [`Direction`] is from one side to the other: old to new while syncing, new to old after the switch. Of each direction
//! there is at most one publication, one slot and one subscription, whose names are fixed, so that every step can be done
//! again by any server, and nothing is left behind that cannot be found.
//!
//! In order: [`prepare`] makes the publication and the marker table on both sides; [`reserve`] makes the slot, from which
//! on the publisher keeps its log; [`subscribe`] begins the copy and the stream; [`Markers`] tell when what was written
//! before has been applied; [`status`] says how far it has come, [`troubles`] what is wrong and the way out; [`Watch`] asks
//! for both now and then, and gives up before the publisher's disk is at risk; [`end`] removes everything, the slot above
//! all, also when the subscriber is gone.
//!
//! To turn round, behind a fence: [`drained`], [`pause`] (from here on nothing arrives on new, markers included),
//! [`skip_to_now`] for the other direction's slot, which was reserved before, and the decision; after it [`subscribe`] the
//! other direction and [`end`] this one. Before it, [`resume`] undoes all.

mod changes;
mod direction;
mod end;
mod error;
mod markers;
mod prepare;
mod session;
mod status;
mod subscribe;
mod trouble;
mod watch;

pub use direction::Direction;
pub use end::{Ended, end};
pub use error::PublishSubscribeError;
pub use markers::{Mark, Markers, drained};
pub use prepare::{prepare, publishes};
pub use status::{CopyState, SlotStatus, Status, SubscriptionStatus, TableStatus, status};
pub use subscribe::{Rows, pause, reserve, resume, skip_to_now, subscribe};
pub use trouble::{Trouble, troubles};
pub use watch::{Limits, Seen, Watch};
