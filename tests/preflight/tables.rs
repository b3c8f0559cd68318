//! What is wrong with tables and what belongs to them.

use crossfade::databases::Side::{New, Old};
use crossfade::migration::preflight::Verdict::{Block, Warn};

use super::super::support::databases::Pair;
use super::Looked;

#[tokio::test]
async fn a_table_without_a_key_gets_one_of_what_is_unique_already() {
    let pair = Pair::empty().await;
    let looked = Looked::at(&pair).await;
    let tables = "create table by_index (id int not null, v text); create unique index ids on by_index (id); \
                  create table by_constraint (a int not null, b int not null, unique (a, b)); \
                  create table \"by Nothing\" (v text)";
    looked.run(Old, tables).await;
    looked
        .are_found(
            "keys",
            Block,
            &[
                "alter table public.by_index add primary key using index ids;",
                "alter table public.by_constraint add primary key (a, b);",
                "public.\"by Nothing\" has no primary key",
            ],
        )
        .await;
    looked
        .is_found_and_mended("keys", Block, "3 tables, 3 without a primary key")
        .await;
}

#[tokio::test]
async fn a_deferrable_key_is_made_an_ordinary_one() {
    let pair = Pair::empty().await;
    let looked = Looked::at(&pair).await;
    let table = "create table t (a int, b int, constraint k primary key (b, a) deferrable)";
    looked.run(Old, table).await;
    looked
        .is_found_and_mended("deferrable_keys", Block, "add constraint k primary key (b, a);")
        .await;
}

#[tokio::test]
async fn a_table_whose_updates_could_not_be_published_blocks_only_publishing() {
    let pair = Pair::empty().await;
    let looked = Looked::at(&pair).await;
    let tables = "create table t (id int primary key); alter table t replica identity nothing; \
                  create table p (id int primary key) partition by range (id); \
                  create table p1 partition of p for values from (0) to (9); alter table p1 replica identity nothing";
    looked.run(Old, tables).await;
    looked.passes("replica_identity").await;
    let looked = looked.publishing();
    looked
        .is_found("replica_identity", Block, "public.p1 has no replica identity")
        .await;
    looked
        .is_found_and_mended("replica_identity", Block, "2 without one")
        .await;
}

#[tokio::test]
async fn a_generated_column_in_a_key_blocks_only_publishing() {
    let pair = Pair::empty().await;
    let looked = Looked::at(&pair).await;
    let table = "create table t (a int, b int generated always as (a * 2) stored, primary key (a, b))";
    looked.run(Old, table).await;
    looked.passes("generated_columns").await;
    looked
        .publishing()
        .is_found_and_mended(
            "generated_columns",
            Block,
            "public.t.b is generated and part of the key",
        )
        .await;
}

#[tokio::test]
async fn sequences_that_run_out_or_begin_again_are_told() {
    let pair = Pair::empty().await;
    let looked = Looked::at(&pair).await;
    let tables = "create table small (id smallint generated always as identity primary key); \
                  select setval('small_id_seq', 32700); \
                  create table middle (id serial primary key); select setval('middle_id_seq', 1900000000); \
                  create table fresh (id serial primary key, other bigserial); \
                  create sequence down increment -1 maxvalue 0 minvalue -5000; select setval('down', -4500); \
                  create sequence round cycle";
    looked.run(Old, tables).await;
    looked
        .are_found(
            "sequences",
            Block,
            &[
                "public.small_id_seq of public.small.id (smallint) is used up by 100 %, 67 values are left",
                "public.middle_id_seq of public.middle.id (integer) is used up by 88 %",
                "public.round begins again",
                "public.down is used up by 90 %, 500 values are left",
            ],
        )
        .await;
    let check = looked.check("sequences").await;
    assert!(!check.to_string().contains("fresh"), "{check}");
    looked
        .is_found_and_mended(
            "sequences",
            Block,
            "alter table public.small alter column id type bigint",
        )
        .await;
}

#[tokio::test]
async fn constraints_and_indexes_that_are_unfinished_are_finished() {
    let pair = Pair::empty().await;
    let looked = Looked::at(&pair).await;
    let tables = "create table t (id int primary key, v int); create index vs on t (v); \
                  alter table t add constraint positive check (v > 0) not valid; \
                  update pg_index set indisvalid = false where indexrelid = 'vs'::regclass";
    looked.run(Old, tables).await;
    looked
        .is_found(
            "constraints",
            Warn,
            "the constraint positive of public.t was never validated",
        )
        .await;
    looked
        .is_found_and_mended("constraints", Warn, "the index vs of public.t is not valid")
        .await;
}

#[tokio::test]
async fn inherited_rows_would_be_copied_twice() {
    let pair = Pair::empty().await;
    let looked = Looked::at(&pair).await;
    let tables = "create table parent (id int primary key); \
                  create table child (primary key (id)) inherits (parent); insert into child values (1)";
    looked.run(Old, tables).await;
    looked
        .is_found_and_mended("partitions", Block, "public.parent shows the rows of 1 table")
        .await;
}

#[tokio::test]
async fn a_partition_on_another_server_blocks() {
    let pair = Pair::empty().await;
    let looked = Looked::at(&pair).await;
    let tables = "create extension postgres_fdw; create server far foreign data wrapper postgres_fdw; \
                  create table t (id int) partition by list (id); \
                  create foreign table t1 partition of t for values in (1) server far";
    looked.run(Old, tables).await;
    looked
        .is_found_and_mended(
            "partitions",
            Block,
            "partitions of public.t are on other servers (public.t1)",
        )
        .await;
}

#[tokio::test]
async fn foreign_servers_are_made_known_to_new() {
    let pair = Pair::empty().await;
    let looked = Looked::at(&pair).await;
    let tables = "create extension postgres_fdw; \
                  create server \"Far away\" foreign data wrapper postgres_fdw options (host 'it''s', port '5433'); \
                  create foreign table f (id int) server \"Far away\"";
    looked.run(Old, tables).await;
    looked.run(New, "create extension postgres_fdw").await;
    looked
        .is_found_and_mended(
            "foreign_tables",
            Warn,
            "new does not know the server \"Far away\" of public.f",
        )
        .await;
}

#[tokio::test]
async fn an_unlogged_table_blocks() {
    let pair = Pair::empty().await;
    let looked = Looked::at(&pair).await;
    looked
        .run(Old, "create unlogged table t (id int primary key)")
        .await;
    looked
        .is_found_and_mended(
            "unlogged_tables",
            Block,
            "is unlogged: its rows would stay behind",
        )
        .await;
}

#[tokio::test]
async fn large_objects_move_into_a_column() {
    let pair = Pair::empty().await;
    let looked = Looked::at(&pair).await;
    let table = "create table scans (id int primary key, image oid); \
                 insert into scans values (1, lo_from_bytea(0, 'abc')), (2, null)";
    looked.run(Old, table).await;
    looked
        .is_found_and_mended(
            "large_objects",
            Block,
            "1 large object, which public.scans.image may refer to",
        )
        .await;
    let old = super::connect(&looked.old).await;
    let image = old
        .query_one("select image_bytes from scans where id = 1", &[])
        .await;
    assert_eq!(image.expect("a row").get::<_, Vec<u8>>(0), b"abc");
}

#[tokio::test]
async fn large_objects_that_nothing_refers_to_block_as_well() {
    let pair = Pair::empty().await;
    let looked = Looked::at(&pair).await;
    looked.run(Old, "select lo_from_bytea(0, 'abc')").await;
    looked
        .is_found_and_mended("large_objects", Block, "no column that could refer to one")
        .await;
}

#[tokio::test]
async fn a_materialized_view_is_to_be_filled_on_new() {
    let pair = Pair::empty().await;
    let looked = Looked::at(&pair).await;
    looked.run(Old, "create materialized view m as select 1").await;
    looked
        .run(New, "create materialized view m as select 1 with no data")
        .await;
    looked
        .is_found_and_mended("materialized_views", Warn, "public.m (8 kB) is not filled on new")
        .await;
}

#[tokio::test]
async fn triggers_that_fire_for_replicas_are_told() {
    let pair = Pair::empty().await;
    let looked = Looked::at(&pair).await;
    let tables = "create table t (id int primary key); \
                  create function f() returns trigger language plpgsql as 'begin return new; end'; \
                  create trigger ordinary before insert on t for each row execute function f(); \
                  create trigger always before insert on t for each row execute function f(); \
                  alter table t enable always trigger always; \
                  create rule r as on update to t do also notify t; alter table t enable replica rule r; \
                  create function e() returns event_trigger language plpgsql as 'begin end'; \
                  create event trigger ddl on ddl_command_end execute function e()";
    looked.run(Old, tables).await;
    looked
        .are_found(
            "triggers",
            Warn,
            &[
                "the trigger always of public.t on old runs for replicated rows",
                "the rule r of public.t on old runs for replicated rows",
                "the event trigger ddl runs on old",
            ],
        )
        .await;
    let check = looked.check("triggers").await;
    assert!(!check.to_string().contains("ordinary"), "{check}");
    looked
        .is_found_and_mended("triggers", Warn, "alter event trigger ddl disable;")
        .await;
}

#[tokio::test]
async fn rows_that_are_on_new_already_block() {
    let pair = Pair::empty().await;
    let looked = Looked::at(&pair).await;
    let tables = "create table a (id int primary key); create table b (id int primary key references a); \
                  insert into a values (1); insert into b values (1)";
    looked.run(New, tables).await;
    looked
        .is_found_and_mended(
            "new_database",
            Block,
            "new has rows in public.a, public.b already",
        )
        .await;
}
