-- The collations of the user's columns, with the version that their indexes were built by and the library's own.
select format('%I.%I', n.nspname, l.collname) as name,
    n.nspname = 'pg_catalog' as is_system,
    l.collprovider::text as provider,
    l.collversion as recorded,
    pg_collation_actual_version(l.oid) as actual,
    count(*) as columns,
    count(*) filter (where exists (
        select from pg_index x where x.indrelid = o.oid and a.attnum = any (x.indkey::int2[]))) as indexed
from ours o
join pg_attribute a on a.attrelid = o.oid and a.attnum > 0 and not a.attisdropped
join pg_collation l on l.oid = a.attcollation
join pg_namespace n on n.oid = l.collnamespace
where o.relkind in ('r', 'p', 'm')
group by n.nspname, l.collname, l.collprovider, l.collversion, l.oid
order by 1
