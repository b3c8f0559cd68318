-- The quoted names of all partitions below a table, sub-partitioned ones included. $1: the table's oid.
select format('%I.%I', n.nspname, c.relname)
from pg_partition_tree($1::oid::regclass) p
join pg_class c on c.oid = p.relid
join pg_namespace n on n.oid = c.relnamespace
where p.level > 0
