-- Sessions that write to captured tables now, the oldest transaction first.
select format('process %s of %s (%s), for %s s', a.pid, a.usename, coalesce(nullif(a.application_name, ''), 'no name'),
              extract(epoch from clock_timestamp() - a.xact_start)::int)
from pg_stat_activity a
where a.datname = current_database() and a.pid <> pg_backend_pid() and a.xact_start is not null
  and exists (select from pg_locks l join crossfade.captured t on t.relation = l.relation
              where l.pid = a.pid and l.granted and l.mode <> 'AccessShareLock')
order by a.xact_start
limit 5
