-- How far the copy of each captured table has come. Before it is planned, what PostgreSQL believes it has.
select c.schema_name, c.table_name, coalesce(k.rows, 0)::bigint,
       greatest(coalesce(c.of_rows, e.rows, 0), coalesce(k.rows, 0))::bigint, c.copied_at is not null
from crossfade.captured c
left join lateral (select sum(k.rows) as rows from crossfade.chunks k where k.plan = c.plan) k on true
left join lateral (
    select sum(greatest(r.reltuples, 0)) as rows from pg_class r
    where r.relkind = 'r' and (r.oid = c.relation or r.oid in (select p.relid from pg_partition_tree(c.relation) p))
) e on true
order by c.schema_name, c.table_name
