-- The extensions in use, and those that could be.
select a.name,
    format('%I', a.name) as quoted,
    a.installed_version,
    a.default_version,
    coalesce((select bool_or(v.trusted) from pg_available_extension_versions v
              where v.name = a.name and v.version = a.default_version), false) as is_trusted
from pg_available_extensions a
union all
-- In use, though its files are gone.
select e.extname, format('%I', e.extname), e.extversion, e.extversion, false
from pg_extension e
where not exists (select from pg_available_extensions a where a.name = e.extname)
