-- Something of every kind that a database may consist of.
create extension if not exists hstore;
create schema shop;
create type shop.status as enum ('a','b');
create domain shop.posint as int check (value > 0);
create type shop.pair as (x int, y text);
create table shop.c (id bigint generated always as identity primary key, name text not null default 'x', st shop.status, p shop.posint, h hstore, total numeric(10,2) generated always as (1.5) stored, unique (name));
create table shop.o (id serial primary key, c bigint references shop.c on delete cascade, at timestamptz default now(), weight int, check (id > 0));
create index on shop.o (c, at desc) where id > 5;
create index on shop.c (lower(name));
create view shop.v as select c.id, c.name, o.at from shop.c c join shop.o o on o.c = c.id where c.id > 5;
create view shop.v1 as select id, name from shop.c where name like 'a%' order by id;
create materialized view shop.m as select count(*) n, st from shop.c group by st;
create unique index on shop.m (st);
create function shop.f(a int, b text default 'q') returns int language sql as $$ select a + 1 $$;
create function shop.g() returns trigger language plpgsql as $$ begin
--
-- Name: trap; Type: TABLE; Schema: x; Owner: y
--
return new; end $$;
create trigger t before insert on shop.o for each row execute function shop.g();
alter table shop.o enable always trigger t;
create procedure shop.pr() language plpgsql as $$ begin null; end $$;
create aggregate shop.mysum(int) (sfunc = int4pl, stype = int, initcond = '0');
create function shop.atomic(x int) returns int language sql begin atomic select x * 2; end;
create table shop.p (id int, r int, primary key (id, r)) partition by range (r);
create table shop.p1 partition of shop.p for values from (0) to (10);
create table shop.p2 partition of shop.p for values from (10) to (20) partition by list (id);
create table shop.p21 partition of shop.p2 default;
create index on shop.p (r);
alter table shop.c enable row level security;
create policy pol on shop.c using (id > 3) with check (id < 9);
create statistics shop.st1 on id, name from shop.c;
create rule ru as on delete to shop.o where old.id = 5 do instead nothing;
alter table shop.o add constraint nv check (c > 0) not valid;
comment on table shop.c is 'customers';
create sequence shop.sq increment 5;
create function shop.en() returns event_trigger language plpgsql as 'begin end';
grant usage on schema shop to pg_monitor;
grant select on shop.c to pg_monitor;
grant update (name) on shop.c to pg_monitor with grant option;
