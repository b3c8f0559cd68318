-- Large objects, and the columns that may refer to them.
select (select count(*) from pg_largeobject_metadata) as objects,
    coalesce((
        select json_agg(json_build_object('table', o.full_name, 'name', format('%I', a.attname),
                                          'bytes', format('%I', a.attname || '_bytes'))
                        order by o.full_name, a.attnum)
        from ours o
        join pg_attribute a on a.attrelid = o.oid and a.attnum > 0 and not a.attisdropped
        join pg_type t on t.oid = a.atttypid
        where o.relkind in ('r', 'p') and not o.relispartition
          and (t.oid = 'oid'::regtype or t.typname = 'lo')
    ), '[]') as columns
