-- How many rows PostgreSQL believes a table has, its partitions included. $1: the table's oid.
select coalesce(sum(greatest(c.reltuples, 0)), 0)::bigint
from pg_class c
where c.relkind = 'r'
  and (c.oid = $1::oid or c.oid in (select p.relid from pg_partition_tree($1::oid::regclass) p))
