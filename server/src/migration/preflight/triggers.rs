//! Whether triggers and rules of the user's would do their work a second time on new.

use serde::Deserialize;

use super::examination::{Examination, counted, listed};
use super::{Check, PreflightError};
use crate::databases::Side;
use crate::sync::Transport;

const NAME: &str = "triggers";

#[derive(Deserialize)]
struct Row {
    full_name: String,
    name: String,
    kind: String,
    fires: String,
}

#[derive(Deserialize)]
struct Replica {
    may_be_replica: bool,
}

/// What a write on old has done already is not done again when its rows arrive on new.
pub(super) async fn check(of: &mut Examination) -> Result<Check, PreflightError> {
    let question = include_str!("triggers.sql");
    let old: Vec<Row> = of.ask(NAME, Side::Old, question).await?;
    let new: Vec<Row> = of.ask(NAME, Side::New, question).await?;
    let count = |kind: &str| old.iter().filter(|row| row.kind == kind).count();
    let mut check = Check::new(NAME).saw(format!(
        "{}, {}, {} on old",
        counted(count("trigger"), "trigger"),
        counted(count("rule"), "rule"),
        counted(count("foreign key"), "foreign key")
    ));
    for (side, rows) in [(Side::Old, &old), (Side::New, &new)] {
        for row in rows.iter().filter(|row| ["R", "A"].contains(&row.fires.as_str())) {
            fires_for_replicas(&mut check, side, row);
        }
        for row in rows
            .iter()
            .filter(|row| row.kind == "event trigger" && row.fires != "D")
        {
            check
                .warn(format!(
                    "the event trigger {} runs on {side} whenever the migration creates or changes something",
                    row.name
                ))
                .mend(side, [format!("alter event trigger {} disable", row.name)])
                .then("enable it again when the migration has ended");
        }
    }
    let mirrors = of.transport() == Transport::Journal;
    let question = "select current_setting('session_replication_role') = 'replica' as may_be_replica";
    let on_new: Replica = of.ask_one(NAME, Side::New, question).await?;
    if mirrors && !on_new.may_be_replica {
        let role = of.facts(Side::New).role.clone();
        ordinary_ones_fire_too(&mut check, &old, &role);
    }
    Ok(check)
}

fn fires_for_replicas(check: &mut Check, side: Side, row: &Row) {
    let (name, table) = (&row.name, &row.full_name);
    match row.kind.as_str() {
        "trigger" | "rule" => {
            check
                .warn(format!(
                    "the {} {name} of {table} on {side} runs for replicated rows as well, and so a second time for each change",
                    row.kind
                ))
                .mend(side, [format!("alter table {table} enable {} {name}", row.kind)])
                .then("unless it is meant to, as one that fills a table which is not moved");
        }
        _ => {}
    }
}

/// Our role may not mirror as a replica, so that ordinary triggers, rules and foreign keys are at work on new.
fn ordinary_ones_fire_too(check: &mut Check, old: &[Row], role: &str) {
    let at_work: Vec<String> = old
        .iter()
        .filter(|row| row.fires == "O" && row.kind != "event trigger")
        .map(|row| format!("{} {} of {}", row.kind, row.name, row.full_name))
        .collect();
    if at_work.is_empty() {
        return;
    }
    check
        .warn(format!(
            "{role} may not set session_replication_role on new, so that these work on mirrored rows too: {}",
            listed(&at_work)
        ))
        .mend(
            Side::New,
            [format!(
                "grant set on parameter session_replication_role to {role}"
            )],
        )
        .then("before PostgreSQL 15 only a superuser may; else disable them on new until the switch");
}
