//! What each command would do, for whoever wants to know before: in words, with the SQL that matters.

use crate::databases::{Databases, Side};
use crate::sync::handover::{fence_function, fence_table};

/// What [`start`](super::start) does.
pub const START: &str = "\
start would, without making any writer wait for more than 0.3 s:
  on old  create schema crossfade, with the journal and the migration's record
  on old  for each table, in a transaction of its own with lock_timeout = 300:
            create trigger crossfade_insert, crossfade_update, crossfade_delete, crossfade_truncate
  then    copy every table to new, in the middle of writes, and mirror what changes meanwhile
";

/// What [`complete`](super::complete) does.
pub const COMPLETE: &str = "\
complete would, if the databases were found equal since the switch:
  write the report
  on new  update crossfade.migration set stage = 'completed'; from then on servers use new alone
  on old  alter database … set default_transaction_read_only = on
  on old  pg_terminate_backend(…) for each session from before that
  on old  drop trigger crossfade_… on each table; drop schema crossfade cascade
  on new  drop trigger crossfade_… on each table; drop schema crossfade cascade
It cannot be undone.
";

/// What [`abort`](super::abort) does.
pub const ABORT: &str = "\
abort would:
  on old  update crossfade.migration set stage = 'idle'; from then on servers use old alone
  on new  drop what is there of crossfade; rows that were copied stay
  on old  drop trigger crossfade_… on each table; drop schema crossfade cascade
";

/// What a turn to this side does.
#[must_use]
pub fn turn(databases: &Databases, to: Side) -> String {
    let from = to.other();
    let fence = fence_function(databases, from);
    let trigger = fence_table("each table", &[]);
    format!(
        "\
it would, while everybody goes on:
  on {to}  create the triggers of capture on each table
  on {from}  {fence}
  on {from}  {trigger}
  on {from}  update crossfade.migration set announced = …; and wait until every server has acknowledged it
and then, with all writers waiting for a moment:
  on {from}  begin; set local lock_timeout = 200; lock table all of them in exclusive mode
           and if that takes too long, let everybody go on, and try again
  on {to}  mirror what is left in the journal; setval(…) for each sequence, past its value by a margin
  on {to}  begin; lock table all of them in share row exclusive mode; alter table … disable trigger crossfade_fence
  on {from}  alter table … enable always trigger crossfade_fence; update crossfade.migration set epoch = epoch + 1
  on {from}  commit: this decides
  on {to}  commit
"
    )
}
