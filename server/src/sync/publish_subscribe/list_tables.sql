-- Lists the user's tables, and forgets those that are gone.
delete from crossfade.captured t where not exists (select from pg_class c where c.oid = t.relation);
insert into crossfade.captured (relation, schema_name, table_name)
select c.oid, n.nspname, c.relname
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence = 'p'
  and n.nspname not in ('pg_catalog', 'information_schema', 'crossfade')
  and n.nspname not like 'pg\_toast%' and n.nspname not like 'pg\_temp%'
  and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
on conflict (relation) do update set schema_name = excluded.schema_name, table_name = excluded.table_name;
