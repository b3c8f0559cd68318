-- What runs when a row is written, and in which sessions: `fires` is O for ordinary ones, R for replicas, A for both.
select o.full_name, format('%I', t.tgname) as name, 'trigger' as kind, t.tgenabled::text as fires
from ours o
join pg_trigger t on t.tgrelid = o.oid and not t.tgisinternal
where t.tgname not like 'crossfade\_%'
union all
select o.full_name, format('%I', r.rulename), 'rule', r.ev_enabled::text
from ours o
join pg_rewrite r on r.ev_class = o.oid and r.ev_type <> '1'
where o.relkind in ('r', 'p')
union all
select o.full_name, format('%I', k.conname), 'foreign key', 'O'
from ours o
join pg_constraint k on k.conrelid = o.oid and k.contype = 'f' and k.conparentid = 0
union all
select 'the database', format('%I', e.evtname), 'event trigger', e.evtenabled::text
from pg_event_trigger e
where not exists (
    select from pg_depend d
    where d.classid = 'pg_event_trigger'::regclass and d.objid = e.oid and d.deptype = 'e')
order by 1, 2
