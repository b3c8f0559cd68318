-- The sequences of the user's, without what they have given out, as JSON.
select json_build_object(
    'name', format('%I.%I', n.nspname, c.relname),
    'start', s.seqstart,
    'step', s.seqincrement,
    'least', s.seqmin,
    'greatest', s.seqmax,
    'cycles', s.seqcycle
)::text
from pg_sequence s
join pg_class c on c.oid = s.seqrelid
join pg_namespace n on n.oid = c.relnamespace
where c.relpersistence = 'p' and n.nspname not in ('pg_catalog', 'information_schema', 'crossfade')
  and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
order by 1
