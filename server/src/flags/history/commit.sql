-- One revision directly after another one; nothing if that one has a successor already.
insert into crossfade.rules_revisions (after, author, reason, version, files)
values ($1, $2, $3, $4, $5)
on conflict (after) do nothing
returning id, to_char(at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), author, reason, version
