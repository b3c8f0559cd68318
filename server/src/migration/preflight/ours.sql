-- In front of every question: the relations that are the user's own, neither the system's, an extension's nor ours.
with ours as (
    select c.*, n.nspname, format('%I.%I', n.nspname, c.relname) as full_name
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname not in ('pg_catalog', 'information_schema', 'crossfade')
      and n.nspname not like 'pg\_toast%' and n.nspname not like 'pg\_temp%'
      and c.relpersistence <> 't'
      and not exists (
          select from pg_depend d
          where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
)
