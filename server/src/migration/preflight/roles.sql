-- What our role may do here.
select
    r.rolreplication as may_replicate,
    has_database_privilege(current_database(), 'create') as may_create,
    (select pg_has_role(current_user, p.oid, 'usage') from pg_roles p where p.rolname = 'pg_create_subscription')
        as may_subscribe,
    current_setting('session_replication_role') = 'replica' as may_be_replica,
    coalesce((
        select json_agg(format('%I', u.rolname) order by u.rolname)
        from pg_roles u
        where not pg_has_role(current_user, u.oid, 'usage')
          and exists (select from ours o where o.relowner = u.oid and o.relkind in ('r', 'p', 'S'))
    ), '[]') as other_owners,
    coalesce((
        select json_agg(format('%I', n.nspname) order by n.nspname)
        from pg_namespace n
        where n.nspname not like 'pg\_%' and n.nspname not in ('information_schema', 'crossfade')
          and not (has_schema_privilege(n.oid, 'usage') and has_schema_privilege(n.oid, 'create'))
    ), '[]') as closed_schemas
from pg_roles r
where r.rolname = current_user
