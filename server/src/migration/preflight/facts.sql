-- Who we are, and where.
select
    quote_ident(current_database()) as database,
    quote_ident(current_user) as role,
    r.rolsuper as is_superuser,
    current_setting('server_version_num')::int as version_number,
    split_part(current_setting('server_version'), ' ', 1) as version
from pg_roles r
where r.rolname = current_user
