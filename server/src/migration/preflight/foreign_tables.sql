-- Foreign tables by their server, and what makes such a server: its options are known, passwords are not.
select format('%I', s.srvname) as server,
    s.srvname as plain_name,
    json_agg(o.full_name order by o.full_name) as tables,
    format('create server %I%s%s foreign data wrapper %I%s', s.srvname,
        ' type ' || quote_literal(s.srvtype), ' version ' || quote_literal(s.srvversion), w.fdwname,
        ' options (' || (select string_agg(format('%I %L', p.option_name, p.option_value), ', ')
                         from pg_options_to_table(s.srvoptions) p) || ')') as statement
from ours o
join pg_foreign_table f on f.ftrelid = o.oid
join pg_foreign_server s on s.oid = f.ftserver
join pg_foreign_data_wrapper w on w.oid = s.srvfdw
group by s.srvname, s.srvtype, s.srvversion, s.srvoptions, w.fdwname
order by s.srvname
