//! Rows that reads were found to differ in, as many as can be of use.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;

use crate::verify::{Difference, DifferenceKind};

/// The record of one server since it started.
#[derive(Debug, Default)]
pub struct Differences {
    rows: Mutex<BTreeMap<RowName, SeenDifference>>,
}

/// Table and key.
type RowName = (String, String, Vec<String>);

/// A row that differs, and how often and when it was seen to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SeenDifference {
    /// What differed when it was seen last.
    #[serde(flatten)]
    pub difference: Difference,
    /// When it was seen first.
    pub first_seen: Timestamp,
    /// When it was seen last.
    pub last_seen: Timestamp,
    /// How often it was seen.
    pub times: u64,
}

/// Whoever has more rows that differ should verify, not compare reads.
const MOST: usize = 1_000;

impl Differences {
    /// What is recorded, by table and key.
    pub fn all(&self) -> Vec<SeenDifference> {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        rows.values().cloned().collect()
    }

    /// Records them; each row's first time is in the log. Past the bound, only those that are known already.
    pub(super) fn record(&self, differences: Vec<Difference>) {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Timestamp::now();
        for difference in differences {
            let name = (
                difference.schema.clone(),
                difference.table.clone(),
                difference.key.clone(),
            );
            if let Some(seen) = rows.get_mut(&name) {
                seen.difference = difference;
                seen.last_seen = now;
                seen.times += 1;
            } else if rows.len() < MOST {
                log::warn!("a read differs between the databases: {}", described(&difference));
                rows.insert(
                    name,
                    SeenDifference {
                        difference,
                        first_seen: now,
                        last_seen: now,
                        times: 1,
                    },
                );
            }
        }
    }
}

fn described(difference: &Difference) -> String {
    let Difference {
        schema,
        table,
        key,
        kind,
    } = difference;
    let how = match kind {
        DifferenceKind::Missing => "is missing".to_owned(),
        DifferenceKind::Extra => "is extra".to_owned(),
        DifferenceKind::Different { columns } => format!("has other values in {}", columns.join(", ")),
    };
    format!("{schema}.{table} ({}) {how} on the secondary", key.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(key: usize) -> Difference {
        Difference {
            schema: "public".to_owned(),
            table: "orders".to_owned(),
            key: vec![key.to_string()],
            kind: DifferenceKind::Missing,
        }
    }

    #[test]
    fn a_row_is_recorded_once_and_counted_each_time() {
        let differences = Differences::default();
        differences.record(vec![missing(1), missing(2)]);
        differences.record(vec![Difference {
            kind: DifferenceKind::Extra,
            ..missing(1)
        }]);
        let [one, two] = differences.all().try_into().unwrap();
        assert_eq!((one.times, one.difference.kind), (2, DifferenceKind::Extra));
        assert_eq!((two.times, two.difference), (1, missing(2)));
    }

    #[test]
    fn the_record_is_bounded() {
        let differences = Differences::default();
        differences.record((0..MOST + 10).map(missing).collect());
        assert_eq!(differences.all().len(), MOST);
        differences.record(vec![missing(0), missing(MOST + 10)]);
        assert_eq!(differences.all().len(), MOST);
        assert_eq!(differences.all().iter().filter(|seen| seen.times == 2).count(), 1);
    }
}
