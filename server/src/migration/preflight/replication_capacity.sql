-- How much room for replication there is, as a publisher and as a subscriber.
select s.name, s.setting::int as setting, u.used
from pg_settings s
join (
    select 'max_replication_slots' as name, (select count(*) from pg_replication_slots)::int as used
    union all select 'max_wal_senders', (select count(*) from pg_stat_replication)::int
    union all select 'max_logical_replication_workers',
        (select count(*) from pg_stat_activity a where a.backend_type like 'logical replication%worker')::int
    union all select 'max_worker_processes',
        (select count(*) from pg_stat_activity a
         where a.backend_type not in ('client backend', 'autovacuum launcher', 'autovacuum worker', 'walsender', 'startup',
            'background writer', 'checkpointer', 'walwriter', 'archiver', 'walreceiver', 'io worker', 'slotsync worker',
            'walsummarizer', 'standalone backend'))::int
    union all select 'max_active_replication_origins', (select count(*) from pg_subscription)::int
) u on u.name = s.name
order by s.name
