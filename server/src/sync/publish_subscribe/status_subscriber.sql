-- The subscriber's end. The format's arguments are the subscription, as a quoted text, and the table of its markers.
select s.subenabled as enabled,
    w.pid is not null as works,
    coalesce(e.apply_error_count, 0) as apply_errors,
    coalesce(e.sync_error_count, 0) as copy_errors,
    (select max(extract(epoch from m.at))::float8 from {markers} m) as marked_at,
    coalesce((
        select json_agg(json_build_object('name', format('%I.%I', n.nspname, c.relname), 'state', r.srsubstate,
            'copied_rows', p.tuples_processed, 'copied_bytes', p.bytes_processed) order by n.nspname, c.relname)
        from pg_subscription_rel r
        join pg_class c on c.oid = r.srrelid
        join pg_namespace n on n.oid = c.relnamespace
        left join pg_stat_progress_copy p on p.relid = r.srrelid and p.command = 'COPY FROM'
        where r.srsubid = s.oid and n.nspname <> 'crossfade'), '[]') as tables
from pg_subscription s
join pg_database d on d.oid = s.subdbid and d.datname = current_database()
left join pg_stat_subscription w on w.subid = s.oid and w.relid is null and w.pid is not null
left join pg_stat_subscription_stats e on e.subid = s.oid
where s.subname = {subscription}
