-- What verifications leave on the primary: how far one came, and how the last ones ended. Safe to run again.
create schema if not exists crossfade;

create table if not exists crossfade.verification (
    id          bigint      generated always as identity primary key,
    -- True for a verification of all tables: only such a one opens a gate.
    whole       boolean     not null,
    started_at  timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    clean       boolean,
    differences bigint,
    progress    json        not null default '{"tables": []}'
);
