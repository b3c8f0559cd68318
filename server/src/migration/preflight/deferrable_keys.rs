//! Whether any primary key is deferrable.

use serde::Deserialize;

use super::examination::Examination;
use super::{Check, PreflightError};
use crate::databases::Side;

const NAME: &str = "deferrable_keys";

#[derive(Deserialize)]
struct Row {
    full_name: String,
    constraint_name: String,
    columns: String,
}

/// No primary key is deferrable: such a one serves neither `on conflict` nor as a replica identity.
pub(super) async fn check(of: &mut Examination) -> Result<Check, PreflightError> {
    let keys: Vec<Row> = of
        .ask(NAME, Side::Old, include_str!("deferrable_keys.sql"))
        .await?;
    let mut check = Check::new(NAME).saw(format!("{} deferrable", keys.len()));
    for key in keys {
        // No foreign key can refer to a deferrable one, so it can be dropped.
        check
            .block(format!(
                "the primary key of {} is deferrable: neither can rows be written by it nor changes be published",
                key.full_name
            ))
            .mend(
                Side::Old,
                [format!(
                    "alter table {} drop constraint {name}, add constraint {name} primary key ({})",
                    key.full_name,
                    key.columns,
                    name = key.constraint_name
                )],
            );
    }
    Ok(check)
}
