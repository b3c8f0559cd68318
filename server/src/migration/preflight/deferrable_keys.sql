-- Primary keys whose check can be put off.
select o.full_name,
    format('%I', k.conname) as constraint_name,
    (select string_agg(format('%I', a.attname), ', ' order by c.place)
     from unnest(k.conkey) with ordinality c(attnum, place)
     join pg_attribute a on a.attrelid = o.oid and a.attnum = c.attnum) as columns
from ours o
join pg_constraint k on k.conrelid = o.oid and k.contype = 'p' and k.condeferrable
where not o.relispartition
order by o.full_name
