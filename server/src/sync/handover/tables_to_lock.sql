-- The captured tables, in the order in which to lock them: those that refer to others come before those. A writer locks a
-- table and then, to check its foreign keys, those that it refers to; who locked them the other way round would meet it.
with recursive refers as (
    select distinct k.conrelid, k.confrelid
    from pg_constraint k
    where k.contype = 'f' and k.conrelid <> k.confrelid
),
-- How many references lead to a table. Where they go round in circles there is no order, so it ends somewhere.
depth (relation, steps) as (
    select t.relation, 0 from crossfade.captured t
    union
    select r.confrelid, d.steps + 1 from depth d join refers r on r.conrelid = d.relation where d.steps < 20
)
select string_agg(format('%I.%I', n.nspname, c.relname), ', ' order by s.steps, c.oid desc)
from crossfade.captured t
join pg_class c on c.oid = t.relation
join pg_namespace n on n.oid = c.relnamespace
join (select relation, max(steps) as steps from depth group by relation) s on s.relation = t.relation
