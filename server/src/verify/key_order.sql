-- How the primary key of a table is ordered, as JSON, a part for each of its columns in the key's order.
-- $1: schema, $2: name. `order` names everything the order depends on, the collation's version included: two sides
-- that agree on it have the same order. It is null for types whose order cannot be told that way.
select coalesce(json_agg(json_build_object(
    'greater', format('operator(%I.%s)', gn.nspname, g.oprname),
    'at_most', format('operator(%I.%s)', en.nspname, e.oprname),
    'order', case
        when b.typtype = 'e' then
            (select 'enum ' || json_agg(v.enumlabel order by v.enumsortorder)::text
             from pg_enum v where v.enumtypid = b.oid)
        -- jsonb compares its strings by the database's own collation, which is not the column's.
        when b.typtype = 'b' and b.typname <> 'jsonb'
            and (b.typelem = 0 or (select x.typtype = 'b' from pg_type x where x.oid = b.typelem)) then
            format_type(b.oid, -1) || ' ' || case
                when k.collation_oid = 0 then ''
                when l.collname = 'default' then (
                    select coalesce(to_jsonb(d)->>'datlocprovider', 'c') || ' ' || d.datcollate || ' '
                        || coalesce(to_jsonb(d)->>'datlocale', to_jsonb(d)->>'daticulocale', '') || ' '
                        || case when coalesce(to_jsonb(d)->>'datlocprovider', 'c') = 'c'
                                and d.datcollate ~ '^(C|POSIX)([.]|$)' then ''
                           else coalesce((
                                select pg_collation_actual_version(o.oid) from pg_collation o
                                where o.collprovider = coalesce(to_jsonb(d)->>'datlocprovider', 'c')::"char"
                                  and pg_collation_actual_version(o.oid) is not null
                                order by o.collcollate <> d.datcollate limit 1), '')
                           end
                    from pg_database d where d.datname = current_database())
                else l.collprovider::text || ' ' || coalesce(l.collcollate, '') || ' '
                    || coalesce(to_jsonb(l)->>'colllocale', to_jsonb(l)->>'colliculocale', '') || ' '
                    || coalesce(pg_collation_actual_version(l.oid), '')
            end
    end
) order by k.position), '[]')::text
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_index i on i.indrelid = c.oid and i.indisprimary
cross join lateral unnest(i.indkey::int2[], i.indclass::oid[], i.indcollation::oid[])
    with ordinality as k(attnum, opclass, collation_oid, position)
join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
join pg_type t on t.oid = a.atttypid
join pg_type b on b.oid = case t.typtype when 'd' then t.typbasetype else t.oid end
left join pg_collation l on l.oid = k.collation_oid
join pg_opclass f on f.oid = k.opclass
join pg_amop ga on ga.amopfamily = f.opcfamily and ga.amopstrategy = 5
    and ga.amoplefttype = f.opcintype and ga.amoprighttype = f.opcintype
join pg_operator g on g.oid = ga.amopopr
join pg_namespace gn on gn.oid = g.oprnamespace
join pg_amop ea on ea.amopfamily = f.opcfamily and ea.amopstrategy = 2
    and ea.amoplefttype = f.opcintype and ea.amoprighttype = f.opcintype
join pg_operator e on e.oid = ea.amopopr
join pg_namespace en on en.oid = e.oprnamespace
where n.nspname = $1 and c.relname = $2 and k.position <= i.indnkeyatts
