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
//! To turn round: [`prepare`] and [`reserve`] the other direction beforehand; behind the fence [`Drain`], with which
//! the other direction's slot begins anew, and the decision; after it [`turn_round`]. Nothing has to be undone if it breaks off before
//! the decision: this direction goes on, and [`end`] removes what was prepared of the other.
//!
//! A position is a place in the primary's log: [`position_now`]. The migration's record is the
//! journal's, without its triggers: [`begin_record`].

mod changes;
mod direction;
mod end;
mod error;
mod markers;
mod note;
mod prepare;
mod reached;
mod record;
mod session;
mod status;
mod subscribe;
mod trouble;
mod turn_round;
mod watch;

pub use direction::Direction;
pub use end::{Ended, end};
pub use error::PublishSubscribeError;
pub use markers::{Drain, Mark, Markers, drained};
pub use note::note_trouble;
pub use prepare::{is_subscribed, is_there, prepare, publishes};
pub use reached::position_now;
pub use record::{begin_record, begin_record_on_secondary, copied, is_copied, not_copied};
pub use status::{CopyState, SlotStatus, Status, SubscriptionStatus, TableStatus, status};
pub use subscribe::{Rows, pause, reserve, resume, skip_to_now, subscribe};
pub use trouble::{Trouble, troubles};
pub use turn_round::turn_round;
pub use watch::{Limits, Seen, Watch};
