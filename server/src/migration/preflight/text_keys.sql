-- Tables with text in their primary key, ordered by the database's own collation.
select distinct o.full_name as name
from ours o
join pg_index x on x.indrelid = o.oid and x.indisprimary
join pg_attribute a on a.attrelid = o.oid and a.attnum = any (x.indkey::int2[])
where a.attcollation = (select l.oid from pg_collation l where l.collname = 'default')
  and not o.relispartition
order by 1
