//! Whether policies hide rows from our role.

use serde::Deserialize;

use super::examination::{Examination, counted, listed};
use super::{Check, PreflightError};
use crate::databases::Side;

const NAME: &str = "row_security";

#[derive(Deserialize)]
struct Row {
    full_name: String,
    is_active: bool,
}

/// Our role sees every row of every table.
pub(super) async fn check(of: &mut Examination) -> Result<Check, PreflightError> {
    let question = "select o.full_name, row_security_active(o.oid) as is_active from ours o \
                    where o.relkind in ('r', 'p') and o.relrowsecurity order by o.full_name";
    let mut check = Check::new(NAME);
    let mut secured = Vec::new();
    for side in [Side::Old, Side::New] {
        let tables: Vec<Row> = of.ask(NAME, side, question).await?;
        secured.push(format!(
            "{} with policies on {side}",
            counted(tables.len(), "table")
        ));
        let hidden: Vec<&str> = tables
            .iter()
            .filter(|table| table.is_active)
            .map(|table| table.full_name.as_str())
            .collect();
        if !hidden.is_empty() {
            let role = of.facts(side).role.clone();
            check
                .block(format!(
                    "policies hide rows of {} from {role} on {side}: hidden rows would not be moved",
                    listed(&hidden)
                ))
                .mend(side, [format!("alter role {role} bypassrls")]);
        }
    }
    Ok(check.saw(secured.join(", ")))
}
