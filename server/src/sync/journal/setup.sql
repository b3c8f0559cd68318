-- What the transport keeps on the primary. Safe to run again.
create schema if not exists crossfade;

create table if not exists crossfade.migration (
    the_only_one boolean primary key default true check (the_only_one),
    stage        text    not null default 'idle' check (stage in ('idle', 'syncing', 'switched', 'completed')),
    epoch        bigint  not null default 0,
    paused       boolean not null default false
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
