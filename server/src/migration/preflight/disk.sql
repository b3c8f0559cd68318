-- How large this database is, and how much room its server takes for changes under way.
select pg_database_size(current_database()) as database_bytes,
    pg_size_bytes(current_setting('max_wal_size')) as wal_bytes,
    (select o.full_name from ours o where o.relkind in ('r', 'm') order by pg_total_relation_size(o.oid) desc limit 1)
        as largest,
    (select max(pg_total_relation_size(o.oid)) from ours o where o.relkind in ('r', 'm')) as largest_bytes
