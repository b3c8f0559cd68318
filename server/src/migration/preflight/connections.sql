-- How many connections there may be, on the server, to this database and of our role (-1: as many as there are), and
-- how many there are beside our own programs.
select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
        - coalesce(current_setting('reserved_connections', true)::int, 0) as server_limit,
    (select count(*) from pg_stat_activity a where a.backend_type = 'client backend' and a.application_name <> 'crossfade')::int
        as server_used,
    d.datconnlimit as database_limit,
    (select count(*) from pg_stat_activity a where a.datname = d.datname and a.application_name <> 'crossfade')::int
        as database_used,
    r.rolconnlimit as role_limit,
    (select count(*) from pg_stat_activity a where a.usename = r.rolname and a.application_name <> 'crossfade')::int
        as role_used
from pg_database d, pg_roles r
where d.datname = current_database() and r.rolname = current_user
