-- What keeps write-ahead log on this server, and what bounds it. Newer versions know one bound more.
select pg_size_bytes(current_setting('max_wal_size')) as max_wal_bytes,
    (select s.setting::bigint from pg_settings s where s.name = 'max_slot_wal_keep_size') as keep_mb,
    coalesce((select s.setting::bigint from pg_settings s where s.name = 'idle_replication_slot_timeout'), 0)
        as idle_timeout,
    coalesce((
        select json_agg(json_build_object(
            'name', s.slot_name,
            'quoted', quote_literal(s.slot_name),
            'wal_status', s.wal_status,
            'bytes', coalesce(pg_wal_lsn_diff(
                case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end,
                s.restart_lsn), 0)::bigint) order by s.slot_name)
        from pg_replication_slots s
        where not s.active and s.slot_name not like 'crossfade\_%'
    ), '[]') as idle_slots
