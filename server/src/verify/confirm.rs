//! Which of the keys that seem to differ do.

use crate::catalog::Table;
use crate::databases::{DatabaseError, Databases, Image, Side};
use crate::sync::journal::{Compared, compare_keys};

use super::range::Key;
use super::report::{Difference, DifferenceKind};

/// What became of keys that seemed to differ; those that are equal are left out.
#[derive(Debug, Default)]
pub struct Confirmed {
    /// These differ.
    pub differences: Vec<Difference>,
    /// Of these the journal holds a change that has not been mirrored: they may differ rightly.
    pub pending: Vec<Key>,
}

/// Keys whose locks should be held at once. A write that waits for its mirror waits for them, a few milliseconds.
pub const KEYS_AT_ONCE: usize = 100;

/// Looks at the keys, [`KEYS_AT_ONCE`] at most, under the mirror's own locks.
pub async fn confirm(
    databases: &Databases,
    primary: Side,
    table: &Table,
    keys: &[Key],
) -> Result<Confirmed, DatabaseError> {
    let mut confirmed = Confirmed::default();
    for compared in compare_keys(databases, primary, table, keys).await? {
        let pending = compared.pending;
        let key = compared.key.clone();
        match difference(table, compared) {
            Some(_) if pending => confirmed.pending.push(key),
            Some(difference) => confirmed.differences.push(difference),
            None => {}
        }
    }
    Ok(confirmed)
}

fn difference(table: &Table, compared: Compared) -> Option<Difference> {
    let (row, kind) = match (compared.primary, compared.secondary) {
        (None, None) => return None,
        (Some(row), None) => (row, DifferenceKind::Missing),
        (None, Some(row)) => (row, DifferenceKind::Extra),
        (Some(row), Some(other)) => {
            let columns: Vec<String> = table
                .written_columns()
                .zip(row.iter().zip(&other))
                .filter(|(_, (value, other))| value != other)
                .map(|(column, _)| column.name.clone())
                .collect();
            if columns.is_empty() {
                return None;
            }
            (row, DifferenceKind::Different { columns })
        }
    };
    Some(Difference {
        schema: table.schema.clone(),
        table: table.name.clone(),
        key: key_in(table, &row).unwrap_or(compared.key),
        kind,
    })
}

/// The key as this row has it: equal keys can have different texts, and a difference has one name.
fn key_in(table: &Table, row: &Image) -> Option<Key> {
    let written: Vec<&str> = table
        .written_columns()
        .map(|column| column.name.as_str())
        .collect();
    table
        .key_columns()
        .map(|column| {
            let place = written.iter().position(|name| *name == column.name)?;
            row.get(place).cloned().flatten()
        })
        .collect()
}
