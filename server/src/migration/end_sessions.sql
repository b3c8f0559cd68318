-- Ends the sessions of this database that began before $2, but ours ($1 and this one), where this role may; how many
-- there were.
with others as materialized (
    select a.pid,
           pg_has_role(a.usesysid, 'usage') or pg_has_role('pg_signal_backend', 'usage')
               and not (select r.rolsuper from pg_roles r where r.oid = a.usesysid) as is_ours_to_end
    from pg_stat_activity a
    where a.datname = current_database() and a.backend_type = 'client backend'
      and a.pid not in ($1, pg_backend_pid()) and a.backend_start < $2::text::timestamptz
)
select count(case when o.is_ours_to_end then pg_terminate_backend(o.pid)::int else 0 end) from others o
