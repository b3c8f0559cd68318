//! What our role may not do. Superusers may do everything, so these are about a role with no rights but to connect.

use crossfade::databases::Side::{New, Old};
use crossfade::migration::preflight::Verdict::{Block, Warn};

use super::super::support::databases::Pair;
use super::{Looked, name_in, url_as};

/// A pair as seen by the superuser, who may mend it, and by a role of its own.
struct Seen {
    by_superuser: Looked,
    by_us: Looked,
    role: String,
}

impl Seen {
    async fn at(pair: &Pair) -> Self {
        let by_superuser = Looked::at(pair).await;
        let role = format!("{}_mover", name_in(&by_superuser.old));
        for side in [Old, New] {
            by_superuser.run(side, &format!("create role {role} login")).await;
        }
        let by_us = Looked::by_urls(url_as(&by_superuser.old, &role), url_as(&by_superuser.new, &role));
        Self {
            by_superuser,
            by_us,
            role,
        }
    }

    fn publishing(mut self) -> Self {
        self.by_us = self.by_us.publishing();
        self
    }

    /// What our role sees, mended by the superuser.
    async fn is_found_and_mended(
        &self,
        name: &str,
        verdict: crossfade::migration::preflight::Verdict,
        evidence: &str,
    ) {
        let check = self.by_us.is_found(name, verdict, evidence).await;
        self.by_superuser.mend(&check).await;
        self.by_us.passes(name).await;
    }
}

#[tokio::test]
async fn a_role_for_the_journal_must_own_the_tables_and_be_allowed_a_schema() {
    let pair = Pair::empty().await;
    let seen = Seen::at(&pair).await;
    let owner = format!("{}_owner", name_in(&seen.by_superuser.old));
    seen.by_superuser.run(New, &format!("create role {owner}")).await;
    let table =
        format!("create role {owner}; create table t (id int primary key); alter table t owner to {owner}");
    seen.by_superuser.run(Old, &table).await;
    seen.by_us
        .are_found(
            "roles",
            Block,
            &[
                &format!("tables on old belong to {owner}, and only their owner may prepare them"),
                &format!("{} may not create the schema crossfade", seen.role),
                &format!("{} may not create tables in the schemas public on new", seen.role),
                &format!("{} may not set session_replication_role on new", seen.role),
            ],
        )
        .await;
    seen.is_found_and_mended("roles", Block, &format!("grant {owner} to {};", seen.role))
        .await;
}

#[tokio::test]
async fn a_role_that_publishes_must_be_allowed_to_replicate_and_to_subscribe() {
    let pair = Pair::empty().await;
    let seen = Seen::at(&pair).await.publishing();
    seen.by_us
        .are_found(
            "roles",
            Block,
            &[
                &format!("{} may not make a replication slot on old", seen.role),
                &format!(
                    "{} may not make a subscription on new, as it must to follow old",
                    seen.role
                ),
            ],
        )
        .await;
    seen.is_found_and_mended("roles", Block, &format!("alter role {} replication;", seen.role))
        .await;
}

#[tokio::test]
async fn roles_that_the_schema_names_are_made_on_new() {
    let pair = Pair::empty().await;
    let looked = Looked::at(&pair).await;
    let name = name_in(&looked.old).to_owned();
    let table = format!(
        "create role {name}_owner; create role \"{name} Reader\" login; create table t (id int primary key); \
         alter table t owner to {name}_owner; grant select on t to \"{name} Reader\""
    );
    looked.run(Old, &table).await;
    looked
        .is_found_and_mended(
            "role_names",
            Block,
            &format!("create role \"{name} Reader\" login;"),
        )
        .await;
}

#[tokio::test]
async fn rows_that_policies_hide_from_our_role_block() {
    let pair = Pair::empty().await;
    let seen = Seen::at(&pair).await;
    let table = format!(
        "create table t (id int primary key); alter table t enable row level security; grant select on t to {}",
        seen.role
    );
    seen.by_superuser.run(Old, &table).await;
    seen.is_found_and_mended("row_security", Block, "policies hide rows of public.t from")
        .await;
}

#[tokio::test]
async fn an_extension_that_only_a_superuser_may_create_is_made_first() {
    let pair = Pair::empty().await;
    let seen = Seen::at(&pair).await;
    seen.by_superuser
        .run(Old, "create extension pageinspect; create extension hstore")
        .await;
    let check = seen.by_us.check("extensions").await;
    assert_eq!(check.findings.len(), 1, "hstore is trusted: {check}");
    seen.is_found_and_mended("extensions", Block, "the extension pageinspect is not in new")
        .await;
}

#[tokio::test]
async fn what_works_on_mirrored_rows_is_told_where_our_role_may_be_no_replica() {
    let pair = Pair::empty().await;
    let seen = Seen::at(&pair).await;
    let tables = "create table t (id int primary key, n int generated always as identity); \
                  create table u (id int primary key, t int references t)";
    seen.by_superuser.run(Old, tables).await;
    seen.by_us
        .is_found("triggers", Warn, "foreign key u_t_fkey of public.u")
        .await;
    seen.is_found_and_mended(
        "generated_columns",
        Warn,
        "public.t.n is always generated as identity",
    )
    .await;
    seen.is_found_and_mended(
        "triggers",
        Warn,
        "grant set on parameter session_replication_role",
    )
    .await;
}
