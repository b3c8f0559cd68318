-- The operators of a table's primary key, a row for each of its columns in the key's order: =, <, <=, >, >= as
-- `operator(schema.name)`. $1: the table's oid.
select
    max(named.operator) filter (where named.strategy = 3),
    max(named.operator) filter (where named.strategy = 1),
    max(named.operator) filter (where named.strategy = 2),
    max(named.operator) filter (where named.strategy = 5),
    max(named.operator) filter (where named.strategy = 4)
from pg_index i
cross join lateral unnest(i.indclass::oid[]) with ordinality as k(opclass, position)
join lateral (
    select m.amopstrategy as strategy, format('operator(%I.%s)', s.nspname, o.oprname) as operator
    from pg_opclass b
    join pg_amop m on m.amopfamily = b.opcfamily and m.amoplefttype = b.opcintype and m.amoprighttype = b.opcintype
    join pg_operator o on o.oid = m.amopopr
    join pg_namespace s on s.oid = o.oprnamespace
    where b.oid = k.opclass
) named on true
where i.indrelid = $1 and i.indisprimary and k.position <= i.indnkeyatts
group by k.position
order by k.position
