//! What each command would do, for whoever wants to know before: in words, with the SQL that matters.

use crate::databases::{Databases, Side};
use crate::sync::Transport;
use crate::sync::handover::{fence_function, fence_table, standing};

use super::MigrationError;

/// What [`start`](super::start) does.
#[must_use]
pub fn start(databases: &Databases, transport: Option<Transport>) -> String {
    match transport.unwrap_or_default() {
        Transport::Journal => START_JOURNAL.to_owned(),
        Transport::PublishSubscribe => format!(
            "\
start would, without making any writer wait:
  on old  create schema crossfade, with the migration's record
  on both create table crossfade.marker_to_new, crossfade.marker_to_old
  on old  create publication crossfade_to_new for table …all of them…, crossfade.marker_to_new
            with (publish_via_partition_root = true)
  on old  select pg_create_logical_replication_slot('crossfade_to_new_…', 'pgoutput'), which waits until every
            transaction that is writing on that server has ended
  on new  create subscription crossfade_to_new connection '{}' publication crossfade_to_new
            with (create_slot = false, slot_name = 'crossfade_to_new_…', copy_data = true)
  then    wait until every table is copied and follows
",
            databases.url(Side::Old)
        ),
    }
}

const START_JOURNAL: &str = "\
start would, without making any writer wait for more than 0.3 s:
  on old  create schema crossfade, with the journal and the migration's record
  on old  for each table, in a transaction of its own with lock_timeout = 300:
            create trigger crossfade_insert, crossfade_update, crossfade_delete, crossfade_truncate
  then    copy every table to new, in the middle of writes, and mirror what changes meanwhile
";

/// What [`pause`](super::pause) does.
pub const PAUSE: &str = "\
pause would:
  on the primary    update crossfade.migration set paused = true: servers' mirrors leave changes in the journal
  or, with the transport publish-subscribe,
  on the secondary  alter subscription … disable: changes wait in the primary's log
";

/// What [`resume`](super::resume) does.
pub const RESUME: &str = "\
resume would:
  on the primary    update crossfade.migration set paused = false
  and, with the transport publish-subscribe,
  on the secondary  alter subscription … enable
";

/// What [`complete`](super::complete) does.
pub const COMPLETE: &str = "\
complete would, if the databases were found equal since the switch:
  write the report
  on new  update crossfade.migration set stage = 'completed'; from then on servers use new alone
  on old  drop subscription crossfade_to_old, if it follows by one; on new drop its slot and its publication
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
  on new  drop subscription crossfade_to_new, if it follows by one; on old drop its slots and its publication
  on new  drop what is there of crossfade; rows that were copied stay
  on old  drop trigger crossfade_… on each table; drop schema crossfade cascade
";

/// What a turn to this side does, by the transport that the migration has.
pub async fn turn(databases: &Databases, to: Side) -> Result<String, MigrationError> {
    let transport = Box::pin(standing(databases, Side::Old)).await?.transport;
    let from = to.other();
    let fence = fence_function(databases, from);
    let trigger = fence_table("each table", &[]);
    let name = format!("crossfade_to_{from}");
    let (before, drained, after) = match transport {
        Transport::Journal => (
            format!("  on {to}  create the triggers of capture on each table\n"),
            format!(
                "  on {to}  mirror what is left in the journal; setval(…) for each sequence, past its value by a margin\n"
            ),
            String::new(),
        ),
        Transport::PublishSubscribe => (
            format!(
                "  on {to}  create publication {name} for table …all of them…\n  \
                 on {to}  select pg_create_logical_replication_slot('{name}_…', 'pgoutput')\n"
            ),
            format!(
                "  on {from}  insert into crossfade.marker_to_{to} …; and wait until it is seen on {to}\n  \
                 on {to}  select pg_replication_slot_advance('{name}_…', pg_current_wal_lsn())\n  \
                 on {to}  setval(…) for each sequence, past its value by a margin\n"
            ),
            format!(
                "and then, with nobody waiting:\n  \
                 on {to}  drop subscription crossfade_to_{to}; on {from} drop its slot and its publication\n  \
                 on {from}  create subscription {name} … with (create_slot = false, slot_name = '{name}_…', copy_data = false)\n"
            ),
        ),
    };
    Ok(format!(
        "\
it would, while everybody goes on:
{before}  on {from}  {fence}
  on {from}  {trigger}
  on {from}  update crossfade.migration set announced = …; and wait until every server has acknowledged it
and then, with all writers waiting for a moment:
  on {from}  begin; set local lock_timeout = 200; lock table all of them in exclusive mode
           and if that takes too long, let everybody go on, and try again
{drained}  on {to}  begin; lock table all of them in share row exclusive mode; alter table … disable trigger crossfade_fence
  on {from}  alter table … enable always trigger crossfade_fence; update crossfade.migration set epoch = epoch + 1
  on {from}  commit: this decides
  on {to}  commit
{after}"
    ))
}
