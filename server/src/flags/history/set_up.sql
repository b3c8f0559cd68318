-- Where revisions of the rules are kept. Safe to run again, and by several servers at once.
begin;
select pg_advisory_xact_lock(27988542883890021);
create schema if not exists crossfade;

create table if not exists crossfade.rules_revisions (
    id      bigint      generated always as identity primary key,
    after   bigint      not null unique,
    at      timestamptz not null default clock_timestamp(),
    author  text        not null,
    reason  text        not null,
    version text        not null,
    files   text        not null
);

create table if not exists crossfade.audit (
    id    bigint generated always as identity primary key,
    entry text   not null
);

-- What was done stays done.
create or replace function crossfade.refuse_change() returns trigger language plpgsql as
$$begin raise exception '% only ever grows', tg_table_name; end$$;

create or replace trigger only_grows before update or delete or truncate on crossfade.audit
    for each statement execute function crossfade.refuse_change();
create or replace trigger only_grows before update or delete or truncate on crossfade.rules_revisions
    for each statement execute function crossfade.refuse_change();
commit;
