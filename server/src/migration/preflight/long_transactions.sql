-- Sessions with their transaction's age, and whether we may see that of others.
select a.pid, a.datname as database, a.usename as role, a.application_name as application, a.state,
    a.datname = current_database() as is_here,
    extract(epoch from clock_timestamp() - a.xact_start)::float8 as seconds,
    a.xact_start is null and a.state is null as is_hidden
from pg_stat_activity a
where a.backend_type = 'client backend' and a.pid <> pg_backend_pid()
order by a.xact_start
