-- Which chunks are on the secondary: written in the same transaction as their rows, so that it is true however a
-- copy ends.
create schema if not exists crossfade;

create table if not exists crossfade.copied_chunks (
    plan   uuid   not null,
    number int    not null,
    rows   bigint not null,
    primary key (plan, number)
);
