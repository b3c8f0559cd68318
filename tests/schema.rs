//! The structure of the new database is the old one's, and whatever differs is named.

use crossfade::databases::{Databases, Side};
use crossfade::migration::schema::{
    Comparison, DifferenceKind, SchemaError, Section, Structure, apply, compare, dump,
};
use crossfade::sync::journal::install;

use super::support::databases::Pair;
use super::support::migration::databases;

/// Something of every kind that a comparison tells, and a function whose body looks like a dump.
const RICH: &str = include_str!("support/rich.sql");

struct Both {
    pair: Pair,
    databases: Databases,
}

impl Both {
    async fn with(sql: &str) -> Self {
        let pair = Pair::empty().await;
        let databases = databases(&pair.old_url().await, &pair.new_url().await);
        let both = Self { pair, databases };
        both.on_old(sql).await;
        both
    }

    async fn on_old(&self, sql: &str) {
        let done = self.pair.connect_old().await.batch_execute(sql).await;
        done.unwrap_or_else(|error| panic!("{error:?}"));
    }

    async fn on_new(&self, sql: &str) {
        let done = self.pair.connect_new().await.batch_execute(sql).await;
        done.unwrap_or_else(|error| panic!("{error:?}"));
    }

    async fn apply(&self, section: Section) -> crossfade::migration::schema::Applied {
        let entries = dump(&self.databases, Side::Old, section).await.expect("a dump");
        let applied = apply(&self.databases, Side::New, section, &entries).await;
        applied.expect("entries that can be applied")
    }

    async fn compare(&self) -> Comparison {
        compare(&self.databases).await.expect("a comparison")
    }
}

#[tokio::test]
async fn everything_is_carried_over_in_two_sections() {
    let both = Both::with(RICH).await;
    both.apply(Section::BeforeCopy).await;
    let halfway = both.compare().await;
    assert!(
        halfway
            .differences
            .iter()
            // That it has policies is a property of the table.
            .filter(|difference| difference.name != "shop.c")
            .all(|difference| matches!(difference.kind, DifferenceKind::Missing { .. })),
        "{halfway}"
    );
    let missing: Vec<String> = halfway
        .differences
        .iter()
        .map(|difference| format!("{} {}", difference.object, difference.name))
        .collect();
    for later in [
        "index shop.o_c_at_idx",
        "constraint shop.o.o_c_fkey",
        "constraint shop.c.c_name_key",
        "trigger shop.o.t",
        "policy shop.c.pol",
    ] {
        assert!(
            missing.iter().any(|name| name == later),
            "{later} is not in {missing:?}"
        );
    }
    assert!(!missing.iter().any(|name| name.contains("_pkey")), "{missing:?}");

    both.apply(Section::AfterCopy).await;
    let end = both.compare().await;
    assert!(end.is_equal(), "{end}");
    assert!(end.objects > 90, "{end}");
}

#[tokio::test]
async fn applying_twice_changes_nothing() {
    let both = Both::with(RICH).await;
    for section in [Section::BeforeCopy, Section::AfterCopy] {
        both.apply(section).await;
    }
    let before = Structure::read(&both.databases, Side::New)
        .await
        .expect("a structure");
    for section in [Section::BeforeCopy, Section::AfterCopy] {
        let again = both.apply(section).await;
        assert!(!again.there.is_empty(), "{again:?}");
    }
    let after = Structure::read(&both.databases, Side::New)
        .await
        .expect("a structure");
    assert_eq!(before.fingerprint(), after.fingerprint());
    assert!(both.compare().await.is_equal());
}

#[tokio::test]
async fn crossfades_own_triggers_and_schema_are_neither_carried_over_nor_compared() {
    let both = Both::with("create table t (id int primary key, v text)").await;
    install(&both.databases, Side::Old).await.expect("capture");
    for section in [Section::BeforeCopy, Section::AfterCopy] {
        both.apply(section).await;
    }
    let comparison = both.compare().await;
    assert!(comparison.is_equal(), "{comparison}");
    let new = both.pair.connect_new().await;
    let ours = new
        .query_one("select count(*) from pg_trigger where not tgisinternal", &[])
        .await;
    assert_eq!(ours.expect("a count").get::<_, i64>(0), 0);
}

#[tokio::test]
async fn every_kind_of_drift_is_named_and_changes_the_fingerprint() {
    let both = Both::with(RICH).await;
    for section in [Section::BeforeCopy, Section::AfterCopy] {
        both.apply(section).await;
    }
    let mut fingerprint = Structure::read(&both.databases, Side::Old)
        .await
        .expect("a structure")
        .fingerprint();
    for (change, named) in [
        (
            "alter table shop.o alter column weight type bigint",
            "different  column shop.o.weight",
        ),
        (
            "alter table shop.o alter column at set default null",
            "different  column shop.o.at",
        ),
        (
            "alter table shop.o drop column at cascade",
            "extra      column shop.o.at",
        ),
        (
            "alter table shop.o add column extra int",
            "missing    column shop.o.extra",
        ),
        (
            "alter table shop.o drop constraint o_id_check",
            "extra      constraint shop.o.o_id_check",
        ),
        (
            "alter table shop.o validate constraint nv",
            "different  constraint shop.o.nv",
        ),
        (
            "create index later on shop.o (extra)",
            "missing    index shop.later",
        ),
        (
            "alter sequence shop.sq increment 7",
            "different  sequence shop.sq",
        ),
        (
            "create view shop.v2 as select 1 as one",
            "missing    view shop.v2",
        ),
        (
            "create or replace function shop.f(a int, b text default 'q') returns int language sql as 'select a + 2'",
            "different  function shop.f(integer, text)",
        ),
        (
            "alter type shop.status add value 'c'",
            "different  enum shop.status",
        ),
        ("create extension citext", "missing    extension citext"),
        (
            "grant insert on shop.o to public",
            "missing    grant insert on table shop.o to public",
        ),
        (
            "alter table shop.o disable trigger t",
            "different  trigger shop.o.t",
        ),
        (
            "alter table shop.c force row level security",
            "different  table shop.c",
        ),
        (
            "alter table shop.p detach partition shop.p1",
            "different  table shop.p1",
        ),
        ("drop policy pol on shop.c", "extra      policy shop.c.pol"),
    ] {
        both.on_old(change).await;
        let comparison = both.compare().await.to_string();
        assert!(
            comparison.contains(named),
            "{change}: {named:?} is not in\n{comparison}"
        );
        let now = Structure::read(&both.databases, Side::Old)
            .await
            .expect("a structure")
            .fingerprint();
        assert_ne!(now, fingerprint, "{change}");
        fingerprint = now;
    }
}

#[tokio::test]
async fn what_cannot_be_made_is_named_and_leaves_nothing_behind() {
    let both = Both::with("create table a (id int primary key); create table b (id int primary key)").await;
    let mut entries = dump(&both.databases, Side::Old, Section::BeforeCopy)
        .await
        .expect("a dump");
    let broken = entries
        .iter_mut()
        .find(|entry| entry.name == "b")
        .expect("table b");
    broken.sql = broken.sql.replace("integer", "no_such_type");
    let error = apply(&both.databases, Side::New, Section::BeforeCopy, &entries).await;
    let error = error.expect_err("a type that is not there");
    assert!(
        matches!(&error, SchemaError::Apply { entry, .. } if entry == "table public.b"),
        "{error:?}"
    );
    let structure = Structure::read(&both.databases, Side::New)
        .await
        .expect("a structure");
    assert_eq!(
        structure.fingerprint(),
        {
            let empty = Both::with("").await;
            Structure::read(&empty.databases, Side::Old)
                .await
                .expect("a structure")
        }
        .fingerprint(),
        "nothing of a section that failed is kept"
    );
}

#[tokio::test]
async fn constraints_wait_for_rows_that_are_on_their_way() {
    let both = Both::with(
        "create table parents (id int primary key); \
         create table children (id int primary key, parent int references parents)",
    )
    .await;
    both.apply(Section::BeforeCopy).await;
    both.on_new("insert into children values (1, 7)").await;
    let (applied, ()) = tokio::join!(both.apply(Section::AfterCopy), async {
        // Its first attempt fails: only then does the parent come.
        super::support::migration::eventually("a failed attempt", async || {
            let new = both.pair.connect_new().await;
            let asked = new
                .query_one(
                    "select xact_rollback > 0 from pg_stat_database where datname = current_database()",
                    &[],
                )
                .await;
            asked.expect("statistics").get(0)
        })
        .await;
        both.on_new("insert into parents values (7)").await;
    });
    assert_eq!(applied.made, 1, "{applied:?}");
    assert!(both.compare().await.is_equal());
}
