-- Constraints that were not validated, and indexes that are not valid.
select format('%s of %s', c.conname, c.conrelid::regclass)
from pg_constraint c
join pg_class t on t.oid = c.conrelid
join pg_namespace n on n.oid = t.relnamespace
where not c.convalidated and n.nspname not in ('pg_catalog', 'information_schema', 'crossfade')
union all
select i.indexrelid::regclass::text
from pg_index i
join pg_class t on t.oid = i.indrelid
join pg_namespace n on n.oid = t.relnamespace
where not i.indisvalid and n.nspname not in ('pg_catalog', 'information_schema', 'crossfade', 'pg_toast')
order by 1
