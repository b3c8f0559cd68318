//! What is wrong with a database as a whole.

use std::time::Duration;

use crossfade::databases::Side::{New, Old};
use crossfade::migration::preflight::Verdict::{Block, Warn};

use super::super::support::databases::Pair;
use super::{Looked, connect, name_in, run};

#[tokio::test]
async fn a_database_that_is_read_only_blocks() {
    let pair = Pair::empty().await;
    let looked = Looked::at(&pair).await;
    let set = format!(
        "alter database {} set default_transaction_read_only = on",
        name_in(&looked.new)
    );
    looked.run(New, &set).await;
    looked
        .is_found_and_mended("writable", Block, "transactions on new are read-only")
        .await;
}

#[tokio::test]
async fn settings_that_change_what_statements_mean_are_carried_over() {
    let pair = Pair::empty().await;
    let looked = Looked::at(&pair).await;
    let name = name_in(&looked.old).to_owned();
    let set = format!(
        "alter database {name} set timezone = 'Asia/Tokyo'; \
         alter database {name} set search_path = \"my Shop\", public; \
         alter database {name} set \"shop.motto\" = 'it''s, \"open\"'; \
         alter role postgres in database {name} set datestyle = 'SQL, DMY'"
    );
    looked.run(Old, &set).await;
    looked
        .are_found(
            "settings",
            Warn,
            &[
                "TimeZone is \"Asia/Tokyo\" on old",
                "set search_path to \"my Shop\", public;",
                "DateStyle for postgres is \"SQL, DMY\" on old and not set on new",
            ],
        )
        .await;
    looked
        .is_found_and_mended("settings", Warn, "shop.motto is \"it's, \\\"open\\\"\" on old")
        .await;
    let show = "select current_setting('shop.motto'), current_setting('search_path')";
    let row = connect(&looked.new)
        .await
        .query_one(show, &[])
        .await
        .expect("settings");
    assert_eq!(row.get::<_, String>(0), "it's, \"open\"");
    assert_eq!(row.get::<_, String>(1), "\"my Shop\", public");
}

#[tokio::test]
async fn extensions_are_not_older_on_new() {
    let pair = Pair::empty().await;
    let looked = Looked::at(&pair).await;
    looked.run(Old, "create extension hstore").await;
    looked.passes("extensions").await;
    looked.run(New, "create extension hstore version '1.4'").await;
    looked
        .is_found_and_mended("extensions", Warn, "and 1.4 on new")
        .await;
}

/// Another database on new's server, whose mending is a third.
async fn with_new_as(pair: &Pair, how: &str) -> (Looked, Looked) {
    let (old, new) = (pair.old_url().await, pair.new_url().await);
    let name = name_in(&new).to_owned();
    let create = format!("create database {name}_other template template0 {how}");
    run(&connect(&new).await, &create).await;
    let other = Looked::by_urls(old.clone(), format!("{new}_other"));
    let alike = Looked::by_urls(old, format!("{new}_other_alike"));
    (other, alike)
}

async fn drop_databases(pair: &Pair, names: &[&str]) {
    let new = pair.new_url().await;
    let client = connect(&new).await;
    for name in names {
        run(
            &client,
            &format!("drop database {}{name} with (force)", name_in(&new)),
        )
        .await;
    }
}

#[tokio::test]
async fn a_database_that_lacks_characters_blocks() {
    let pair = Pair::empty().await;
    let (other, alike) = with_new_as(&pair, "encoding 'LATIN1'").await;
    let check = other
        .is_found(
            "encodings",
            Block,
            "new stores text as LATIN1, which may lack characters of old's UTF8",
        )
        .await;
    other.mend(&check).await;
    alike.passes("encodings").await;
    drop_databases(&pair, &["_other", "_other_alike"]).await;
}

#[tokio::test]
async fn a_database_that_sorts_text_otherwise_is_told() {
    let pair = Pair::empty().await;
    let (other, alike) = with_new_as(&pair, "locale_provider icu icu_locale 'en-US' encoding 'UTF8'").await;
    other.run(Old, "create table t (name text primary key)").await;
    let check = other
        .is_found("collations", Warn, "without an index: public.t")
        .await;
    other.mend(&check).await;
    alike.passes("collations").await;
    drop_databases(&pair, &["_other", "_other_alike"]).await;
}

#[tokio::test]
async fn indexes_that_were_built_by_another_version_of_a_collation_are_built_again() {
    let pair = Pair::empty().await;
    let (other, _) = with_new_as(&pair, "locale_provider icu icu_locale 'en-US' encoding 'UTF8'").await;
    // Both sides are the same database here: only its own version matters.
    let looked = Looked::by_urls(other.new.clone(), other.new.clone());
    let outdate = "create collation mine (provider = icu, locale = 'de'); \
                   create table t (name text collate mine primary key); \
                   update pg_collation set collversion = '1.0' where collname = 'mine'; \
                   update pg_database set datcollversion = '1.0' where datname = current_database()";
    looked.run(Old, outdate).await;
    looked
        .is_found(
            "collations",
            Warn,
            "public.mine was version 1.0 when 1 indexed columns of old were built",
        )
        .await;
    looked
        .is_found_and_mended("collations", Warn, "the default collation of old was version 1.0")
        .await;
    drop_databases(&pair, &["_other"]).await;
}

#[tokio::test]
async fn a_collation_that_new_lacks_blocks() {
    let pair = Pair::empty().await;
    let looked = Looked::at(&pair).await;
    let table = "create table t (id int primary key, name text collate \"de-x-icu\")";
    looked.run(Old, table).await;
    looked.run(New, "drop collation pg_catalog.\"de-x-icu\"").await;
    looked
        .is_found_and_mended(
            "collations",
            Block,
            "new has no collation pg_catalog.\"de-x-icu\"",
        )
        .await;
}

#[tokio::test]
async fn a_transaction_that_stays_open_is_told() {
    let pair = Pair::empty().await;
    let mut looked = Looked::at(&pair).await;
    let idle = connect(&looked.old).await;
    run(&idle, "begin; select 1").await;
    looked.passes("long_transactions").await;
    looked.options.long_transaction = Duration::ZERO;
    looked
        .is_found_and_mended(
            "long_transactions",
            Warn,
            "idle in transaction) on old has had a transaction open",
        )
        .await;
}

#[tokio::test]
async fn limits_of_the_database_and_of_our_role_leave_room_for_our_connections() {
    let pair = Pair::empty().await;
    let looked = Looked::at(&pair).await;
    let name = name_in(&looked.new).to_owned();
    let limit = format!(
        "create role {name}_few login superuser connection limit 5; alter database {name} connection limit 9"
    );
    looked.run(New, &limit).await;
    let few = Looked::by_urls(
        looked.old.clone(),
        super::url_as(&looked.new, &format!("{name}_few")),
    );
    few.is_found("connections", Block, "our role is allowed 5 connections on new")
        .await;
    few.is_found_and_mended(
        "connections",
        Block,
        "the database is allowed 9 connections on new",
    )
    .await;
    looked.run(New, &format!("drop role {name}_few")).await;
}

#[tokio::test]
async fn a_disk_that_is_too_small_blocks_where_its_room_is_known() {
    let pair = Pair::empty().await;
    let mut looked = Looked::at(&pair).await;
    looked.passes("disk").await;
    looked.options.new_disk_free_bytes = Some(1 << 20);
    looked
        .is_found("disk", Block, "new's disk has 1 MB free of")
        .await;
    looked.options.new_disk_free_bytes = Some(100 << 30);
    looked.passes("disk").await;
}
