-- How many rows PostgreSQL believes a table has, null where it was never counted, and how many bytes they take, TOAST
-- included; partitions included. $1: the table's oid.
select sum(nullif(greatest(c.reltuples, -1), -1))::bigint, coalesce(sum(pg_table_size(c.oid)), 0)::bigint
from pg_class c
where c.relkind = 'r' and (c.oid = $1::oid or c.oid in (select p.relid from pg_partition_tree($1::oid::regclass) p))
