-- Columns whose values PostgreSQL makes, and whether the primary key contains them.
select o.full_name, format('%I', a.attname) as column_name,
    a.attgenerated::text as generated,
    a.attidentity::text as identity,
    coalesce((select a.attnum = any (x.indkey::int2[]) from pg_index x
              where x.indrelid = o.oid and x.indisprimary), false) as is_key
from ours o
join pg_attribute a on a.attrelid = o.oid and a.attnum > 0 and not a.attisdropped
where o.relkind in ('r', 'p') and not o.relispartition and (a.attgenerated <> '' or a.attidentity <> '')
order by o.full_name, a.attnum
