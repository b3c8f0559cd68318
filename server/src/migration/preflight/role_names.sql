-- The roles that own something of the user's here or are granted something, and what makes them anew.
select format('%I', r.rolname) as name,
    r.rolname as plain_name,
    format('create role %I%s', r.rolname, case when r.rolcanlogin then ' login' else '' end) as statement
from pg_roles r
where r.rolname !~ '^pg_'
  and r.oid in (
    select o.relowner from ours o
    union select a.grantee from ours o cross join aclexplode(o.relacl) a
    union select n.nspowner from pg_namespace n
        where n.nspname not like 'pg\_%' and n.nspname not in ('information_schema', 'crossfade')
    union select a.grantee from pg_namespace n cross join aclexplode(n.nspacl) a
        where n.nspname not like 'pg\_%' and n.nspname not in ('information_schema', 'crossfade')
    union select p.proowner from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where n.nspname not like 'pg\_%' and n.nspname not in ('information_schema', 'crossfade')
    union select a.grantee from pg_proc p join pg_namespace n on n.oid = p.pronamespace cross join aclexplode(p.proacl) a
        where n.nspname not like 'pg\_%' and n.nspname not in ('information_schema', 'crossfade')
    union select t.typowner from pg_type t join pg_namespace n on n.oid = t.typnamespace
        where n.nspname not like 'pg\_%' and n.nspname not in ('information_schema', 'crossfade')
    union select unnest(p.polroles) from pg_policy p
  )
order by r.rolname
