-- Every unique index of a table but its primary key, as JSON: its expressions with their equalities, and its
-- predicate. $1: schema, $2: name.
select json_build_object(
    'expressions', (
        select json_agg(json_build_object(
            'expression', pg_get_indexdef(i.indexrelid, k.position::int, true),
            'equality', format('operator(%I.%s)', s.nspname, o.oprname)
        ) order by k.position)
        from unnest(i.indclass::oid[]) with ordinality as k(opclass, position)
        join pg_opclass b on b.oid = k.opclass
        join pg_amop m on m.amopfamily = b.opcfamily and m.amopstrategy = 3
            and m.amoplefttype = b.opcintype and m.amoprighttype = b.opcintype
        join pg_operator o on o.oid = m.amopopr
        join pg_namespace s on s.oid = o.oprnamespace
        where k.position <= i.indnkeyatts
    ),
    'predicate', pg_get_expr(i.indpred, i.indrelid, true)
)::text
from pg_index i
join pg_class c on c.oid = i.indrelid
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and c.relname = $2 and i.indisunique and not i.indisprimary
