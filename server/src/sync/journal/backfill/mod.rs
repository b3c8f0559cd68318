//! Copies the rows that were there before capture.
//!
//! `plan` cuts each table into `ranges` of its key, and `record` keeps in both databases which of them are there: so
//! a copy that was killed goes on where it was, and copies no chunk twice. Several workers each copy a `chunk` at a
//! time, in the `format` that its types allow; `room` is made for what is in the way; `throttle` holds them back for
//! the primary's sake, and `progress` tells how far they are.
//!
//! A row that was read before it changed may arrive after the change. So until its table is copied, no change of it is
//! mirrored, and its entries wait in the journal: whatever the copy missed or brought too late, they set right.

mod chunk;
mod error;
mod format;
mod options;
mod order;
mod plan;
mod progress;
mod ranges;
mod record;
mod room;
mod run;
mod session;
mod throttle;

pub use error::BackfillError;
pub use options::BackfillOptions;
pub use progress::{CopyOfTable, CopyProgress, CopyStatus, copy_status};
pub use run::{CopiedTable, backfill, backfill_with};

use record::PlanId;

/// What workers and planner tell whoever leads them.
enum Event {
    /// A chunk of the table at this place had been copied before.
    Found { place: usize, rows: u64 },
    /// A chunk of it is copied.
    Copied { place: usize, rows: u64 },
    /// The whole of it is cut into so many chunks.
    Planned { place: usize, id: PlanId, chunks: usize },
}
