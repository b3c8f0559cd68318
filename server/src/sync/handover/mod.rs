//! Makes the other database the primary.
//!
//! The primary alone decides: in one transaction it locks its tables, is drained, raises its `fence` against
//! everybody but mirrors, and writes down that a new epoch has begun. That commit is the decision. Whoever finds it, be
//! it the operator's command or any server, finishes the rest: `take_over` makes the other side the primary. `standing`
//! finds out which side is the primary, whatever was interrupted.

mod alone;
mod error;
mod fence;
mod sequences;
mod standing;
mod take_over;

pub use alone::{Alone, try_alone};
pub use error::HandoverError;
pub use fence::{decide, fence_function, fence_table, install_fence, lock_for_handover};
pub use sequences::{Sequence, carry_sequences, sequences};
pub(crate) use standing::is_retired;
pub use standing::standing;
pub use take_over::{finish, take_over};

use std::time::Duration;

/// Others queue behind whoever waits for a table's lock: so it waits only this long, then lets them pass. It is
/// less than PostgreSQL waits before it looks for deadlocks (1 s), so that none of ours ends a writer.
pub(crate) const LOCK_TIMEOUT: Duration = Duration::from_millis(200);

/// A fence whose operator has vanished ends after this long, and everybody goes on as if nothing had happened.
pub(crate) const VANISHED: Duration = Duration::from_secs(5);
