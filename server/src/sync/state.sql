-- The migration's record as JSON.
select json_build_object(
    'stage', m.stage,
    'epoch', m.epoch,
    'is_primary', m.is_primary,
    'announced', m.announced,
    'paused', m.paused,
    -- A record that an earlier version made does not say.
    'transport', coalesce(to_jsonb(m) ->> 'transport', 'journal'),
    'copied', not exists (select from crossfade.captured t where t.copied_at is null)
        and exists (select from crossfade.captured)
)::text
from crossfade.migration m
