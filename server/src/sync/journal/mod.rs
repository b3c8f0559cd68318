//! The transport `journal`: triggers on the primary note every changed key in the writer's own transaction,
//! and mirroring makes the secondary's rows equal.
//!
//! `install` puts the schema and the triggers in place, `sql` writes the statements for one table, `mirror` is
//! the protocol for a set of keys, `compare` looks at keys under its locks, `awaited` mirrors what a request waits for, `workers` all the rest, and
//! `backfill` copies the rows that were there before.

mod apply;
mod awaited;
mod backfill;
mod compare;
mod drain;
mod entry;
mod install;
mod locks;
mod mirror;
mod set_aside;
mod sql;
mod workers;

pub use awaited::{Awaited, Mirrored};
pub use backfill::{
    BackfillError, BackfillOptions, CopiedTable, CopyOfTable, CopyProgress, CopyStatus, backfill,
    backfill_with, copy_status,
};
pub use compare::{Compared, compare_keys};
pub use drain::{
    Pending, drain, ended_and_begun_before, pending, pending_position, position_is_reached,
    position_of_everything, reached_before,
};
pub use entry::{Entry, entries_of_this_transaction, position_of_this_transaction};
pub use install::{CapturedTable, InstallError, install, install_on_secondary, set_paused};
pub(crate) use install::{alter_table, is_lock_timeout};
pub(in crate::sync) use install::{partitions, set_up_record};
pub use mirror::{MirrorError, mirror_keys};
pub use workers::{Workers, WorkersOptions};
