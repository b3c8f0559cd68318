-- Every sequence with what is left of it; `top` is the last value that both it and its column can hold.
select q.full_name, q.used, q.is_cycle, q.column_of, q.column_type, q.owned_by, q.widen, q.left
from (
    select o.full_name,
        s.seqcycle as is_cycle,
        t.full_name || '.' || quote_ident(a.attname) as column_of,
        case when a.atttypid in ('int2'::regtype, 'int4'::regtype) then format_type(a.atttypid, null) end as column_type,
        case when a.atttypid in ('int2'::regtype, 'int4'::regtype)
            then format('alter table %s alter column %I type bigint', t.full_name, a.attname) end as owned_by,
        -- How many values are left, and what share of them is used up.
        least(9223372036854775807, trunc(case when s.seqincrement > 0
            then (b.top::numeric - coalesce(v.last_value, s.seqstart::numeric - 1)) / s.seqincrement
            else (coalesce(v.last_value, s.seqstart::numeric + 1) - s.seqmin) / -s.seqincrement end))::bigint as left,
        format('alter sequence %s as bigint no %s', o.full_name,
            case when s.seqincrement > 0 then 'maxvalue' else 'minvalue' end) as widen,
        case when s.seqincrement > 0
            then (coalesce(v.last_value, s.seqmin)::numeric - s.seqmin) / nullif(b.top::numeric - s.seqmin, 0)
            else (s.seqmax::numeric - coalesce(v.last_value, s.seqmax)) / nullif(s.seqmax::numeric - s.seqmin, 0)
        end::float8 as used
    from ours o
    join pg_sequence s on s.seqrelid = o.oid
    left join pg_sequences v on v.schemaname = o.nspname and v.sequencename = o.relname
    left join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = o.oid
        and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i') and d.refobjsubid > 0
    left join ours t on t.oid = d.refobjid
    left join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
    cross join lateral (
        select least(s.seqmax, case a.atttypid when 'int2'::regtype then 32767 when 'int4'::regtype then 2147483647
            else s.seqmax end) as top) b
) q
order by q.full_name
