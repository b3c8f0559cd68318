-- The settings that change what statements mean, as a new session has them, with those that this database sets for
-- itself. `value` is as SQL writes it.
select null as role, s.name, s.reset_val as shown, quote_literal(s.reset_val) as value, false as is_own
from pg_settings s
where lower(s.name) in (
    'timezone', 'datestyle', 'intervalstyle', 'default_transaction_isolation', 'default_text_search_config',
    'lc_monetary', 'lc_numeric', 'lc_time', 'bytea_output', 'extra_float_digits', 'standard_conforming_strings',
    'transform_null_equals', 'xmlbinary', 'xmloption', 'array_nulls', 'backslash_quote')
union all
-- A list of names is kept as it is written.
select quote_ident(r.rolname), split_part(c.entry, '=', 1), substr(c.entry, strpos(c.entry, '=') + 1),
    case when split_part(c.entry, '=', 1) in
            ('search_path', 'session_preload_libraries', 'local_preload_libraries', 'temp_tablespaces')
        then nullif(substr(c.entry, strpos(c.entry, '=') + 1), '')
        else quote_literal(substr(c.entry, strpos(c.entry, '=') + 1))
    end, true
from pg_db_role_setting s
join pg_database d on d.oid = s.setdatabase and d.datname = current_database()
left join pg_roles r on r.oid = s.setrole
cross join unnest(s.setconfig) c(entry)
order by 5, 1 nulls first, 2
