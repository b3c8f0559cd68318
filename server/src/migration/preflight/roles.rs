//! Whether our role may do on either side what the migration will ask of it.

use serde::Deserialize;

use super::examination::{Examination, Facts, listed};
use super::{Check, PreflightError};
use crate::databases::Side;
use crate::sync::Transport;

const NAME: &str = "roles";

#[derive(Deserialize)]
struct Row {
    may_replicate: bool,
    may_create: bool,
    /// Absent before PostgreSQL 16, where only superusers subscribe.
    may_subscribe: Option<bool>,
    may_be_replica: bool,
    other_owners: Vec<String>,
    closed_schemas: Vec<String>,
}

/// Our role owns what is moved, may make what we need, and may replicate where the transport does.
pub(super) async fn check(of: &mut Examination) -> Result<Check, PreflightError> {
    let mut check = Check::new(NAME).saw(format!(
        "{} on old, {} on new",
        of.facts(Side::Old).role,
        of.facts(Side::New).role
    ));
    for side in [Side::Old, Side::New] {
        let row: Row = of.ask_one(NAME, side, include_str!("roles.sql")).await?;
        let facts = of.facts(side);
        if facts.is_superuser {
            continue;
        }
        may_make(&mut check, side, facts, &row);
        match of.transport() {
            Transport::Journal => may_mirror(&mut check, side, facts, &row),
            Transport::PublishSubscribe => may_replicate(&mut check, side, facts, &row),
        }
    }
    Ok(check)
}

fn may_make(check: &mut Check, side: Side, facts: &Facts, row: &Row) {
    let role = &facts.role;
    let database = &facts.database;
    if !row.may_create {
        check
            .block(format!(
                "{role} may not create the schema crossfade in {database} on {side}"
            ))
            .mend(side, [format!("grant create on database {database} to {role}")]);
    }
    if !row.other_owners.is_empty() {
        let grants = row
            .other_owners
            .iter()
            .map(|owner| format!("grant {owner} to {role}"));
        check
            .block(format!(
                "tables on {side} belong to {}, and only their owner may prepare them",
                listed(&row.other_owners)
            ))
            .mend(side, grants);
    }
    if side == Side::New && !row.closed_schemas.is_empty() {
        let grants = row
            .closed_schemas
            .iter()
            .map(|schema| format!("grant usage, create on schema {schema} to {role}"));
        check
            .block(format!(
                "{role} may not create tables in the schemas {} on new",
                listed(&row.closed_schemas)
            ))
            .mend(side, grants);
    }
}

fn may_mirror(check: &mut Check, side: Side, facts: &Facts, row: &Row) {
    if row.may_be_replica {
        return;
    }
    let role = &facts.role;
    let statement = if facts.major_version() >= 15 {
        format!("grant set on parameter session_replication_role to {role}")
    } else {
        format!("alter role {role} superuser")
    };
    let when = match side {
        Side::Old => "when old follows new after the switch",
        Side::New => "while new follows old",
    };
    check
        .warn(format!(
            "{role} may not set session_replication_role on {side}, so that its triggers and foreign keys are at work {when}"
        ))
        .mend(side, [statement]);
}

fn may_replicate(check: &mut Check, side: Side, facts: &Facts, row: &Row) {
    let role = &facts.role;
    if !row.may_replicate {
        check
            .block(format!("{role} may not make a replication slot on {side}"))
            .mend(side, [format!("alter role {role} replication")]);
    }
    let statement = match row.may_subscribe {
        Some(true) => return,
        Some(false) => format!("grant pg_create_subscription to {role}"),
        None => format!("alter role {role} superuser"),
    };
    let when = match side {
        Side::Old => "as it must after the switch",
        Side::New => "as it must to follow old",
    };
    check
        .block(format!("{role} may not make a subscription on {side}, {when}"))
        .mend(side, [statement]);
}
