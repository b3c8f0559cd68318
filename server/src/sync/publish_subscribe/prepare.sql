-- What the transport keeps on either side. Safe to run again.
create schema if not exists crossfade;

-- A row a process that asks how far the subscriber has come: updated on the publisher, seen on the subscriber. One table a
-- direction, and each published in its own only: so a marker is never sent back.
create table if not exists crossfade.marker_to_new (
    writer text        not null primary key,
    beat   bigint      not null,
    at     timestamptz not null
);
create table if not exists crossfade.marker_to_old (like crossfade.marker_to_new including all);

-- What was made on the other side, so that it can be cleared away from here when the other side is gone.
create table if not exists crossfade.replication (
    direction           text not null primary key,
    subscription_oid    oid,
    subscriber_identity text
);
