-- Answers that are kept for requests that may come again. Safe to run again; the lock is for those who do at once.
select pg_advisory_xact_lock(hashtextextended('crossfade.answers', 0));

create schema if not exists crossfade;

create table if not exists crossfade.answers (
    asker   text        not null,
    key     text        not null,
    request text        not null,
    answer  text        not null,
    txid    xid8        not null default pg_current_xact_id(),
    epoch   bigint      not null default 0,
    at      timestamptz not null default clock_timestamp(),
    primary key (asker, key)
);
create index if not exists answers_at on crossfade.answers (at);
