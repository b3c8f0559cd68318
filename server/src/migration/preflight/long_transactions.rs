//! Whether transactions have been open for long: triggers and slots wait for them.

use serde::Deserialize;

use super::examination::{Examination, counted};
use super::{Check, PreflightError};
use crate::databases::Side;
use crate::sync::Transport;

const NAME: &str = "long_transactions";

#[derive(Deserialize)]
struct Row {
    pid: i32,
    database: Option<String>,
    role: Option<String>,
    application: Option<String>,
    state: Option<String>,
    is_here: Option<bool>,
    seconds: Option<f64>,
    is_hidden: bool,
}

/// None is older than a moment, and we can see all of them.
pub(super) async fn check(of: &mut Examination) -> Result<Check, PreflightError> {
    let bound = of.options.long_transaction.as_secs_f64();
    let mut check = Check::new(NAME).saw(format!("none may be older than {bound} s"));
    for side in [Side::Old, Side::New] {
        let rows: Vec<Row> = of.ask(NAME, side, include_str!("long_transactions.sql")).await?;
        let hidden = rows.iter().filter(|row| row.is_hidden).count();
        if hidden > 0 {
            let role = of.facts(side).role.clone();
            check
                .warn(format!(
                    "{role} cannot see what {} of others on {side} are doing",
                    counted(hidden, "session")
                ))
                .mend(side, [format!("grant pg_read_all_stats to {role}")]);
        }
        for row in rows {
            let concerns_us = row.is_here == Some(true) || of.transport() == Transport::PublishSubscribe;
            let Some(seconds) = row.seconds.filter(|seconds| *seconds > bound && concerns_us) else {
                continue;
            };
            check
                .warn(format!(
                    "process {} ({} of {} in {}, {}) on {side} has had a transaction open for {seconds:.0} s",
                    row.pid,
                    row.application
                        .as_deref()
                        .filter(|name| !name.is_empty())
                        .unwrap_or("an application"),
                    row.role.as_deref().unwrap_or("?"),
                    row.database.as_deref().unwrap_or("?"),
                    row.state.as_deref().unwrap_or("?"),
                ))
                .mend(side, [format!("select pg_terminate_backend({})", row.pid)])
                .then("or let it end by itself");
        }
    }
    Ok(check)
}
