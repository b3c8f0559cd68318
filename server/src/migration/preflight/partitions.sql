-- Partitioned tables with their partitions, and tables that inherit from others in the old way.
select o.full_name, o.relkind = 'p' as is_partitioned,
    count(c.oid) as children,
    coalesce(json_agg(format('%I.%I', n.nspname, c.relname) order by c.relname) filter (where c.relkind = 'f'), '[]')
        as foreign_children,
    coalesce(json_agg(format('alter table %I.%I no inherit %s', n.nspname, c.relname, o.full_name) order by c.relname)
        filter (where o.relkind <> 'p'), '[]') as no_inherit
from ours o
join pg_inherits i on i.inhparent = o.oid
join pg_class c on c.oid = i.inhrelid
join pg_namespace n on n.oid = c.relnamespace
where o.relkind in ('r', 'p')
group by o.full_name, o.relkind
order by o.full_name
