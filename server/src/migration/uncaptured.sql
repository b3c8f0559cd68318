-- Tables of the user's whose changes are not captured, or whose rows are not all copied.
select format('%I.%I', n.nspname, c.relname)
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
left join crossfade.captured t on t.relation = c.oid
where c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence = 'p'
  and n.nspname not in ('pg_catalog', 'information_schema', 'crossfade')
  and n.nspname not like 'pg\_toast%' and n.nspname not like 'pg\_temp%'
  and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
  and t.copied_at is null
order by 1
