-- How this database stores text, and how to make one that stores it alike. Newer versions know more of it.
select d.datname as database,
    pg_encoding_to_char(d.encoding) as encoding,
    d.datcollate as collate,
    d.datctype as ctype,
    coalesce(to_jsonb(d)->>'datlocprovider', 'c') as provider,
    coalesce(to_jsonb(d)->>'datlocale', to_jsonb(d)->>'daticulocale') as locale
from pg_database d
where d.datname = current_database()
