-- One table with its columns and primary key, as JSON. $1: schema, $2: name. Run with an empty search_path, so
-- that types come with their schemas.
select json_build_object(
    'oid', c.oid::bigint,
    'shape', c.xmin::text,
    'columns', (
        select json_agg(json_build_object(
            'name', a.attname,
            'type_name', format_type(a.atttypid, a.atttypmod),
            'bare_type_name', format_type(case t.typtype when 'd' then t.typbasetype else a.atttypid end, -1),
            'not_null', a.attnotnull,
            'has_default', a.atthasdef or a.attidentity <> '' or t.typdefault is not null,
            'generated', a.attgenerated::text,
            'identity', a.attidentity::text,
            'text_is_identity',
                coalesce(e.typtype, t.typtype) = 'e'
                or (t.typtype = 'b'
                    and t.typname in ('int2', 'int4', 'int8', 'oid', 'uuid', 'bool', 'date', 'timestamp', 'timestamptz',
                                      'bytea', 'name', 'text', 'varchar')
                    and t.typnamespace = 'pg_catalog'::regnamespace
                    and coalesce((select l.collisdeterministic from pg_collation l where l.oid = a.attcollation), true))
        ) order by a.attnum)
        from pg_attribute a
        join pg_type t on t.oid = a.atttypid
        left join pg_type e on e.oid = t.typbasetype
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    ),
    'key', (
        select json_agg(json_build_object(
            'name', a.attname,
            'equality', format('operator(%I.%s)', s.nspname, o.oprname)
        ) order by k.position)
        from pg_index i
        cross join lateral unnest(i.indkey::int2[], i.indclass::oid[]) with ordinality as k(attnum, opclass, position)
        join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
        join pg_opclass b on b.oid = k.opclass
        join pg_amop m on m.amopfamily = b.opcfamily and m.amopstrategy = 3
            and m.amoplefttype = b.opcintype and m.amoprighttype = b.opcintype
        join pg_operator o on o.oid = m.amopopr
        join pg_namespace s on s.oid = o.oprnamespace
        where k.position <= i.indnkeyatts and i.indrelid = c.oid and i.indisprimary
    )
)::text
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p')
