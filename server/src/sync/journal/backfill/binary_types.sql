-- True when every written column of a table has a binary form that means the same in another database. $1: the
-- table's oid. Domains have the form of their base type, ranges that of their bounds, enums that of their labels.
-- Arrays name their elements' type, and records their columns' types, by oid, which differs for types of the user's.
with recursive parts(type) as (
    select a.atttypid
    from pg_attribute a
    where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    union
    select case when t.typtype = 'd' then t.typbasetype when t.typelem <> 0 then t.typelem else r.rngsubtype end
    from parts p
    join pg_type t on t.oid = p.type
    left join pg_range r on t.oid in (r.rngtypid, r.rngmultitypid)
    where t.typtype in ('d', 'r', 'm') or t.typelem <> 0
)
select coalesce(bool_and(case
    when t.typtype in ('d', 'e', 'r', 'm') then true
    when t.typtype = 'b' then
        (select count(*) = 2 from pg_proc f
         where f.oid in (t.typsend, t.typreceive) and f.pronamespace = 'pg_catalog'::regnamespace)
        and t.typname !~ '^reg'
        -- The first oid that is not PostgreSQL's own.
        and t.typelem < 16384
    else false
end), true)
from parts p
join pg_type t on t.oid = p.type
