//! Whether all of old's rows satisfy what its constraints and indexes say.

use serde::Deserialize;

use super::examination::Examination;
use super::{Check, PreflightError};
use crate::databases::Side;

const NAME: &str = "constraints";

#[derive(Deserialize)]
struct Row {
    evidence: String,
    statement: String,
}

/// Every constraint is validated and every index valid: new would refuse a row that old only tolerates.
pub(super) async fn check(of: &mut Examination) -> Result<Check, PreflightError> {
    let unfinished: Vec<Row> = of.ask(NAME, Side::Old, include_str!("constraints.sql")).await?;
    let mut check = Check::new(NAME).saw(format!("{} unfinished", unfinished.len()));
    for Row { evidence, statement } in unfinished {
        check.warn(evidence).mend(Side::Old, [statement]);
    }
    Ok(check)
}
