-- What the transport keeps on the primary. Safe to run again.
create schema if not exists crossfade;

create table if not exists crossfade.migration (
    the_only_one boolean primary key default true check (the_only_one),
    stage        text    not null default 'idle' check (stage in ('idle', 'syncing', 'switched', 'completed')),
    epoch        bigint  not null default 0,
    -- Only the primary itself says that it is none any more, in the transaction that fences it.
    is_primary   boolean not null default true,
    -- The epoch that is about to begin.
    announced    bigint,
    paused       boolean not null default false,
    -- How changes reach the other side; it stays what it was at the start.
    transport    text    not null default 'journal' check (transport in ('journal', 'publish-subscribe')),
    begun_at     timestamptz not null default clock_timestamp()
);
insert into crossfade.migration default values on conflict do nothing;

create table if not exists crossfade.captured (
    relation    oid         not null primary key,
    schema_name text        not null,
    table_name  text        not null,
    captured_at timestamptz not null default now(),
    copied_at   timestamptz,
    -- How its existing rows are cut into chunks, once that has begun, and how many there seemed to be.
    plan        uuid unique,
    of_rows     bigint
);

-- Ranges of keys of existing rows. The secondary's own record says which are there; what is noted here is for going
-- on quickly and for whoever watches.
create table if not exists crossfade.chunks (
    plan      uuid   not null,
    number    int    not null,
    after_key text[],
    up_to_key text[],
    rows      bigint,
    copied_at timestamptz,
    primary key (plan, number)
);

-- One row a statement and thousand changed keys: keys[i] is the i-th key's values. Null keys stand for the whole
-- table, after TRUNCATE. It is a queue: rows live for milliseconds, so it is vacuumed by count and without delay,
-- never by a share of its size. One index serves claiming (oldest transactions first), asking by transaction, and
-- dropping, since every entry that commits costs each writer an insertion into every index.
create table if not exists crossfade.journal (
    id       bigint      not null generated always as identity,
    relation oid         not null,
    keys     text[],
    txid     xid8        not null default pg_current_xact_id(),
    at       timestamptz not null default now(),
    primary key (txid, id)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0,
        autovacuum_vacuum_insert_threshold = -1, autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000);

-- Every server that uses this database: how lately it was heard of, and what it has acknowledged.
create table if not exists crossfade.servers (
    id           text        not null primary key,
    name         text        not null,
    rules        text        not null,
    acknowledged bigint      not null,
    counts       json        not null,
    started_at   timestamptz not null default clock_timestamp(),
    seen_at      timestamptz not null default clock_timestamp()
);

-- What was done to the migration: when, by whom and why.
create table if not exists crossfade.events (
    id      bigint      not null generated always as identity primary key,
    at      timestamptz not null default clock_timestamp(),
    who     text        not null,
    what    text        not null,
    why     text        not null,
    details json        not null default '{}'
);

-- A mirror that was under way when its direction ended must not bring back what it had read before. Whoever makes a
-- database the primary locks its tables first: so each mirror has either committed by then, or meets this.
create or replace function crossfade.meet_mirror() returns void language plpgsql as $meet_mirror$
begin
    if exists (select from crossfade.migration m where m.is_primary) then
        raise exception 'this database is the primary now, and is mirrored to no longer'
            using errcode = 'object_not_in_prerequisite_state', constraint = 'crossfade_primary';
    end if;
end $meet_mirror$;
