//! The verification of one table, range by range.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::catalog::{CatalogError, Table, read_table};
use crate::databases::{DatabaseError, Databases, Side, Statement};

use super::bisect::{Bisection, Suspect};
use super::checksum::BothSides;
use super::confirm::{KEYS_AT_ONCE, confirm};
use super::key_order::KeyOrder;
use super::range::{Key, Pace, Range};
use super::report::TableReport;
use super::{VerifyError, VerifyOptions};

/// A table that has been compared in part, as it is kept in the record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Partial {
    /// What was found so far.
    pub(super) report: TableReport,
    /// The last key that was compared.
    after: Option<Key>,
    /// Keys that differ and have changes in the journal: to be looked at once more at the end.
    pending: Vec<Key>,
}

/// One table under way.
pub(super) struct TableRun<'a> {
    sides: BothSides<'a>,
    options: &'a VerifyOptions,
    pace: Pace,
    pub(super) partial: Partial,
}

/// Whether a table has more to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// At least one more range.
    More,
    /// Nothing.
    Nothing,
}

/// How often keys are looked at that wait to be mirrored.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

impl Partial {
    /// A table of which nothing has been compared yet.
    pub(super) fn new(table: &Table) -> Self {
        let key = table.key_columns().map(|column| column.name.clone()).collect();
        Self {
            report: TableReport::new(&table.schema, &table.name, key),
            after: None,
            pending: Vec::new(),
        }
    }
}

/// Why the two sides of a table cannot be compared at all, if so.
pub(super) async fn obstacle(
    databases: &Databases,
    primary: Side,
    table: &Table,
) -> Result<Option<String>, VerifyError> {
    if table.key.is_empty() {
        return Ok(Some("it has no primary key".to_owned()));
    }
    if is_being_copied(databases, primary, table).await? {
        return Ok(Some("its existing rows are still being copied".to_owned()));
    }
    let secondary = primary.other();
    let mut connection = databases.mirror_session(secondary).await?;
    let other = match read_table(&mut connection, secondary, &table.schema, &table.name).await {
        Ok(other) => other,
        Err(CatalogError::UnknownTable { .. }) => {
            return Ok(Some(format!("the {secondary} database has no such table")));
        }
        Err(error) => return Err(error.into()),
    };
    let lacking: Vec<&str> = table
        .written_columns()
        .chain(table.key_columns())
        .map(|column| column.name.as_str())
        .filter(|name| other.column(name).is_none())
        .collect();
    Ok((!lacking.is_empty()).then(|| {
        format!(
            "the {secondary} database lacks its columns {}",
            lacking.join(", ")
        )
    }))
}

/// True while a table is captured and its existing rows are not all copied: its changes wait until they are, and whoever
/// mirrors one of its rows is in the copy's way.
pub(super) async fn is_being_copied(
    databases: &Databases,
    primary: Side,
    table: &Table,
) -> Result<bool, DatabaseError> {
    let mut connection = databases.mirror_session(primary).await?;
    let failed = || DatabaseError::statement(primary);
    let is_captured = Statement::new("select to_regclass('crossfade.captured') is not null")
        .one_bool(&mut connection)
        .await
        .map_err(failed())?;
    if !is_captured {
        return Ok(false);
    }
    Statement::new("select exists (select from crossfade.captured where relation = $1 and copied_at is null)")
        .integer(i64::from(table.oid))
        .one_bool(&mut connection)
        .await
        .map_err(failed())
}

impl<'a> TableRun<'a> {
    /// Begins with a table, or goes on with it.
    pub(super) async fn new(
        databases: &'a Databases,
        primary: Side,
        table: &'a Table,
        options: &'a VerifyOptions,
        partial: Partial,
    ) -> Result<Self, VerifyError> {
        let order = KeyOrder::of(databases, primary, table).await?;
        let pace = Pace::new(&order, options.range_time);
        let sides = BothSides {
            databases,
            primary,
            table,
            order,
        };
        Ok(Self {
            sides,
            options,
            pace,
            partial,
        })
    }

    /// Compares the next range.
    pub(super) async fn compare_range(&mut self) -> Result<Left, VerifyError> {
        let started = Instant::now();
        let rest = Range {
            after: self.partial.after.clone(),
            up_to: None,
        };
        let bound = self
            .sides
            .key_at(self.sides.primary, &rest, self.pace.rows())
            .await?;
        let range = Range {
            after: rest.after,
            up_to: bound.clone(),
        };
        let (primary, secondary) = self.sides.checksums(&range).await?;
        if bound.is_some() {
            self.pace.learn(started.elapsed());
        }
        self.partial.report.rows += primary.rows;
        self.partial.report.secondary_rows += secondary.rows;
        if primary != secondary {
            let suspect = Suspect {
                range,
                primary,
                secondary,
            };
            self.examine(suspect).await?;
        }
        self.partial.after = bound;
        self.partial.report.add_time(started.elapsed().as_secs_f64());
        Ok(
            if self.partial.after.is_none() || self.partial.report.unfinished.is_some() {
                Left::Nothing
            } else {
                Left::More
            },
        )
    }

    async fn examine(&mut self, suspect: Suspect) -> Result<(), VerifyError> {
        let mut bisection = Bisection::of(suspect);
        while let Some(keys) = bisection.next_keys(&self.sides).await? {
            self.look_at(&keys).await?;
            if self.partial.report.unfinished.is_some() {
                break;
            }
        }
        Ok(())
    }

    /// Tells which of the keys differ, until there are too many.
    async fn look_at(&mut self, keys: &[Key]) -> Result<(), VerifyError> {
        let most = self.options.most_differences;
        for keys in keys.chunks(KEYS_AT_ONCE) {
            let sides = &self.sides;
            let confirmed = confirm(sides.databases, sides.primary, sides.table, keys).await?;
            for difference in confirmed.differences {
                self.partial.report.add(difference);
            }
            self.partial.pending.extend(confirmed.pending);
            let report = &mut self.partial.report;
            if report.differences.len() >= most {
                report.unfinished = Some(format!("{most} rows differ: copy it again"));
                break;
            }
            if self.partial.pending.len() >= most {
                report.unfinished = Some(format!(
                    "{most} rows wait to be mirrored: verify it when they have been"
                ));
                break;
            }
        }
        Ok(())
    }

    /// Waits until the keys that were pending have been mirrored, and looks at them once more.
    pub(super) async fn settle(mut self) -> Result<TableReport, VerifyError> {
        let started = Instant::now();
        while !self.partial.pending.is_empty() && started.elapsed() < self.options.patience {
            tokio::time::sleep(LOOK_AGAIN).await;
            let keys = std::mem::take(&mut self.partial.pending);
            self.look_at(&keys).await?;
        }
        self.partial.report.pending = self.partial.pending.len() as u64;
        Ok(self.partial.report)
    }
}
