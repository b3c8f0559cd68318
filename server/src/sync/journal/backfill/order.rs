//! In which order tables are copied: where foreign keys are checked, those that are referred to come first.

use std::collections::BTreeSet;

use tokio_postgres::Client;

use crate::databases::Side;

use super::BackfillError;

/// Pairs of tables, by their oids: the first refers to the second.
pub(super) async fn references(primary: &Client, side: Side) -> Result<Vec<(u32, u32)>, BackfillError> {
    let sql = "select conrelid, confrelid from pg_constraint where contype = 'f' and conrelid <> confrelid";
    let rows = primary
        .query(sql, &[])
        .await
        .map_err(BackfillError::record(side))?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// The tables in an order in which each comes after those it refers to, as far as there is one.
pub(super) fn referred_first<T>(
    mut tables: Vec<T>,
    oid: impl Fn(&T) -> u32,
    references: &[(u32, u32)],
) -> Vec<T> {
    let mut ordered = Vec::with_capacity(tables.len());
    let mut waiting: BTreeSet<u32> = tables.iter().map(&oid).collect();
    while !tables.is_empty() {
        let is_free = |table: &T| {
            !references
                .iter()
                .any(|(from, to)| *from == oid(table) && waiting.contains(to))
        };
        // In a circle nobody is free; then one is as good as another.
        let next = tables.iter().position(is_free).unwrap_or(0);
        let table = tables.remove(next);
        waiting.remove(&oid(&table));
        ordered.push(table);
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_referred_to_comes_first_and_a_circle_comes_to_an_end() {
        let lines = [(1, 2), (1, 3), (2, 4)];
        assert_eq!(referred_first(vec![1, 2, 3, 4], |oid| *oid, &lines), [3, 4, 2, 1]);
        assert_eq!(
            referred_first(vec![1, 2, 3], |oid| *oid, &[(1, 2), (2, 1)]),
            [3, 1, 2]
        );
    }
}
