//! Whether every sequence can be set ahead at the switch and go on for a while.

use serde::Deserialize;

use super::examination::{Examination, counted};
use super::{Check, PreflightError};
use crate::databases::Side;

const NAME: &str = "sequences";

/// At the switch, sequences on new are set ahead of old's by a margin.
const MARGIN: i64 = 1_000;

/// From here on it is time to think of larger ids.
const MUCH: f64 = 0.8;

#[derive(Deserialize)]
struct Row {
    full_name: String,
    used: Option<f64>,
    is_cycle: bool,
    column_of: Option<String>,
    column_type: Option<String>,
    owned_by: Option<String>,
    widen: String,
    left: i64,
}

/// No sequence is nearly used up, and none begins again.
pub(super) async fn check(of: &mut Examination) -> Result<Check, PreflightError> {
    let sequences: Vec<Row> = of.ask(NAME, Side::Old, include_str!("sequences.sql")).await?;
    let mut check = Check::new(NAME).saw(format!(
        "{}; both sides have their own, and new's are set ahead at the switch",
        counted(sequences.len(), "sequence")
    ));
    for sequence in sequences {
        let name = &sequence.full_name;
        if sequence.is_cycle {
            check
                .warn(format!(
                    "{name} begins again at its end, so that it cannot be set ahead for good"
                ))
                .mend(Side::Old, [format!("alter sequence {name} no cycle")]);
        }
        let used = sequence.used.unwrap_or(0.0);
        if sequence.left >= MARGIN && used < MUCH {
            continue;
        }
        let whose = match (&sequence.column_of, &sequence.column_type) {
            (Some(column), Some(kind)) => format!(" of {column} ({kind})"),
            (Some(column), None) => format!(" of {column}"),
            _ => String::new(),
        };
        let evidence = format!(
            "{name}{whose} is used up by {:.0} %, {} values are left",
            used * 100.0,
            sequence.left
        );
        let finding = if sequence.left < MARGIN {
            check.block(format!("{evidence}; the switch needs {MARGIN}"))
        } else {
            check.warn(evidence)
        };
        finding
            .mend(Side::Old, sequence.owned_by.into_iter().chain([sequence.widen]))
            .then("it rewrites the table under a lock; columns that refer to it must be widened too");
    }
    Ok(check)
}
