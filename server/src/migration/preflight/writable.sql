-- Whether this database takes writes.
select
    pg_is_in_recovery() as is_standby,
    s.reset_val = 'on' as is_read_only,
    s.source
from pg_settings s
where s.name = 'default_transaction_read_only'
