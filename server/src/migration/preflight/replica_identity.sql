-- Tables, and partitions, whose updates and deletes could not be published: nothing identifies their old rows.
select o.full_name
from ours o
where o.relkind in ('r', 'p') and o.relpersistence = 'p'
  and (o.relreplident = 'n'
    or o.relreplident = 'd' and not exists (
        select from pg_index x where x.indrelid = o.oid and x.indisprimary and x.indimmediate)
    or o.relreplident = 'i' and not exists (
        select from pg_index x where x.indrelid = o.oid and x.indisreplident))
order by o.full_name
