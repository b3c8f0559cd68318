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
    copied_at   timestamptz
);

-- One row a changed key; a null key stands for the whole table, after TRUNCATE. It is a queue: rows live for
-- milliseconds, so it is vacuumed by count and without delay, never by a share of its size.
create table if not exists crossfade.journal (
    id       bigint      generated always as identity primary key,
    relation oid         not null,
    key      text[],
    txid     xid8        not null default pg_current_xact_id(),
    at       timestamptz not null default now()
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0,
        autovacuum_vacuum_insert_threshold = -1, autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000);
create index if not exists journal_txid on crossfade.journal (txid);
