//! Whether materialized views are filled on new.

use std::collections::HashMap;

use serde::Deserialize;

use super::examination::{Examination, counted};
use super::{Check, PreflightError};
use crate::databases::Side;

const NAME: &str = "materialized_views";

#[derive(Deserialize)]
struct Row {
    full_name: String,
    is_filled: bool,
    bytes: i64,
}

/// Every one that is filled on old is filled on new. No transport carries their rows.
pub(super) async fn check(of: &mut Examination) -> Result<Check, PreflightError> {
    let question = "select o.full_name, o.relispopulated as is_filled, pg_total_relation_size(o.oid) as bytes \
                    from ours o where o.relkind = 'm' order by o.oid";
    let old: Vec<Row> = of.ask(NAME, Side::Old, question).await?;
    let new: Vec<Row> = of.ask(NAME, Side::New, question).await?;
    let new: HashMap<String, bool> = new
        .into_iter()
        .map(|view| (view.full_name, view.is_filled))
        .collect();
    let mut check = Check::new(NAME).saw(counted(old.len(), "materialized view"));
    for view in old.iter().filter(|view| view.is_filled) {
        if new.get(&view.full_name) == Some(&true) {
            continue;
        }
        check
            .warn(format!(
                "{} ({}) is not filled on new",
                view.full_name,
                super::examination::sized(view.bytes)
            ))
            .mend(
                Side::New,
                [format!("refresh materialized view {}", view.full_name)],
            )
            .then("once the rows are copied, and again shortly before the switch");
    }
    Ok(check)
}
