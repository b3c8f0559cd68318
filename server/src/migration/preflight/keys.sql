-- Every table whose rows cannot be told apart by a primary key, with what would make one: a unique index that could
-- be the key, or else a new column.
select o.full_name,
    coalesce(
        (select format('alter table %s add primary key using index %I', o.full_name, i.relname)
         from pg_index x join pg_class i on i.oid = x.indexrelid
         where x.indrelid = o.oid and x.indisunique and x.indimmediate and x.indisvalid and o.relkind = 'r'
           and x.indpred is null and x.indexprs is null and i.relam = (select a.oid from pg_am a where a.amname = 'btree')
           and x.indnkeyatts = x.indnatts
           and not exists (select from pg_constraint k where k.conindid = x.indexrelid)
           and not exists (
               select from unnest(x.indkey::int2[]) k(attnum)
               join pg_attribute a on a.attrelid = o.oid and a.attnum = k.attnum
               where not a.attnotnull)
         order by x.indnatts, i.relname limit 1),
        (select format('alter table %s add primary key (%s)', o.full_name,
                (select string_agg(format('%I', a.attname), ', ' order by k.place)
                 from unnest(x.indkey::int2[]) with ordinality k(attnum, place)
                 join pg_attribute a on a.attrelid = o.oid and a.attnum = k.attnum
                 where k.place <= x.indnkeyatts))
         from pg_index x
         where x.indrelid = o.oid and x.indisunique and x.indpred is null and x.indexprs is null
           and not exists (
               select from unnest(x.indkey::int2[]) with ordinality k(attnum, place)
               join pg_attribute a on a.attrelid = o.oid and a.attnum = k.attnum
               where not a.attnotnull and k.place <= x.indnkeyatts)
         order by x.indnatts, x.indexrelid limit 1)
    ) as by_index,
    o.relkind = 'p' as is_partitioned
from ours o
where o.relkind in ('r', 'p') and not o.relispartition and o.relpersistence = 'p'
  and not exists (select from pg_index x where x.indrelid = o.oid and x.indisprimary)
order by o.full_name
