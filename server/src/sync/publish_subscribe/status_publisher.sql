-- The publisher's end. The format's arguments are quoted texts: the slot, the publication.
select extract(epoch from clock_timestamp())::float8 as now,
    (select count(*) from pg_replication_slots)::int as slots_used,
    current_setting('max_replication_slots')::int as slots_allowed,
    (select json_build_object(
        'active', s.active,
        'wal_status', s.wal_status,
        'retained_bytes', pg_wal_lsn_diff(pg_current_wal_lsn(), s.restart_lsn)::bigint,
        'lag_bytes', pg_wal_lsn_diff(pg_current_wal_lsn(), s.confirmed_flush_lsn)::bigint)
     from pg_replication_slots s where s.slot_name = {slot}) as slot,
    exists (select from pg_publication p where p.pubname = {publication}) as publishes,
    coalesce((
        select json_agg(json_build_object('name', format('%I.%I', t.schemaname, t.tablename),
            'expected_rows', (
                select sum(greatest(c.reltuples, 0))::bigint
                from pg_partition_tree(to_regclass(format('%I.%I', t.schemaname, t.tablename))) tree
                join pg_class c on c.oid = tree.relid where tree.isleaf)) order by t.schemaname, t.tablename)
        from pg_publication_tables t
        where t.pubname = {publication} and t.schemaname <> 'crossfade'), '[]') as published,
    coalesce((
        select json_agg(format('%I.%I', n.nspname, c.relname) order by n.nspname, c.relname)
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence = 'p'
          and n.nspname not in ('pg_catalog', 'information_schema', 'crossfade') and n.nspname not like 'pg\_%'
          and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
          and not exists (select from pg_publication_tables t
                          where t.pubname = {publication} and t.schemaname = n.nspname and t.tablename = c.relname)
    ), '[]') as unpublished
