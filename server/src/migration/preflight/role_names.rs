//! Whether the roles that old's objects belong to, or are granted to, are on new.

use std::collections::HashSet;

use serde::Deserialize;

use super::examination::{Examination, counted, listed};
use super::{Check, PreflightError};
use crate::databases::Side;

const NAME: &str = "role_names";

#[derive(Deserialize)]
struct Row {
    name: String,
    plain_name: String,
    statement: String,
}

#[derive(Deserialize)]
struct Name {
    rolname: String,
}

/// Every role that the schema names is on new.
pub(super) async fn check(of: &mut Examination) -> Result<Check, PreflightError> {
    let used: Vec<Row> = of.ask(NAME, Side::Old, include_str!("role_names.sql")).await?;
    let there: Vec<Name> = of.ask(NAME, Side::New, "select rolname from pg_roles").await?;
    let there: HashSet<String> = there.into_iter().map(|name| name.rolname).collect();
    let mut check = Check::new(NAME).saw(format!("{} named by old's schema", counted(used.len(), "role")));
    let missing: Vec<&Row> = used
        .iter()
        .filter(|role| !there.contains(&role.plain_name))
        .collect();
    if !missing.is_empty() {
        let names: Vec<&str> = missing.iter().map(|role| role.name.as_str()).collect();
        check
            .block(format!(
                "new has no role {}, and the schema names it",
                listed(&names)
            ))
            .mend(Side::New, missing.iter().map(|role| role.statement.as_str()))
            .then("then give those that log in their passwords, and all of them their memberships");
    }
    Ok(check)
}
