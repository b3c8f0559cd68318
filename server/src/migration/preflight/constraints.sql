-- Constraints that rows of before may violate, and indexes that were never finished.
select format('the constraint %I of %s was never validated: rows may be there that it refuses', k.conname, o.full_name)
        as evidence,
    format('alter table %s validate constraint %I', o.full_name, k.conname) as statement
from ours o
join pg_constraint k on k.conrelid = o.oid and not k.convalidated and k.conparentid = 0
where k.contype in ('c', 'f', 'n')
union all
select format('the index %I of %s is not valid and will not be on new', i.relname, o.full_name),
    format('reindex index concurrently %I.%I', o.nspname, i.relname)
from ours o
join pg_index x on x.indrelid = o.oid and not x.indisvalid
join pg_class i on i.oid = x.indexrelid
where i.relkind = 'i'
order by 1
