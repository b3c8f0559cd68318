//! Whether new is empty before anything is copied to it.

use serde::Deserialize;

use super::examination::{Examination, counted, listed};
use super::{Check, PreflightError};
use crate::catalog::quote_literal;
use crate::databases::Side;
use crate::sync::Stage;

const NAME: &str = "new_database";

#[derive(Deserialize)]
struct Name {
    full_name: String,
}

/// Before the migration begins, no table of new has rows: the copy would meet or replace them.
pub(super) async fn check(of: &mut Examination) -> Result<Check, PreflightError> {
    let question = "select o.full_name from ours o \
                    where o.relkind = 'r' and has_table_privilege(o.oid, 'select') order by o.full_name";
    let tables: Vec<Name> = of.ask(NAME, Side::New, question).await?;
    let check = Check::new(NAME);
    if of.stage != Stage::Idle {
        return Ok(check.saw(format!(
            "{} on new; the migration has begun, so they fill up",
            counted(tables.len(), "table")
        )));
    }
    let occupied: Vec<String> = tables
        .iter()
        .map(|Name { full_name }| {
            format!(
                "select {} as full_name where exists (select from {full_name})",
                quote_literal(full_name)
            )
        })
        .collect();
    let occupied: Vec<Name> = if occupied.is_empty() {
        Vec::new()
    } else {
        of.ask(NAME, Side::New, &occupied.join(" union all ")).await?
    };
    let mut check = check.saw(format!(
        "{} on new, {} with rows",
        counted(tables.len(), "table"),
        occupied.len()
    ));
    if !occupied.is_empty() {
        let names: Vec<&str> = occupied.iter().map(|table| table.full_name.as_str()).collect();
        check
            .block(format!(
                "new has rows in {} already: what old does not have would be lost or in the copy's way",
                listed(&names)
            ))
            .mend(Side::New, [format!("truncate {}", names.join(", "))])
            .then("if it is the right database, and nobody needs these rows");
    }
    Ok(check)
}
