-- Transactions that were prepared and neither committed nor rolled back.
select p.gid, quote_literal(p.gid) as quoted, p.database, p.database = current_database() as is_here,
    extract(epoch from clock_timestamp() - p.prepared)::bigint as seconds, p.owner
from pg_prepared_xacts p
order by p.prepared
