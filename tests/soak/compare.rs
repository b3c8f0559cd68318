//! Every row of both databases, against each other and against what the writers know.

use std::collections::{BTreeMap, BTreeSet};

use super::tally::Tally;
use super::world::{ALL_TABLES, World};
use super::writers::Ledger;
use crate::support::migration::rows;

/// Counts rows that differ, and acknowledged writes that old does not have.
pub(super) async fn compare(world: &World, ledger: &Ledger, tally: &Tally) {
    let [old, new] = world.both().await;
    for table in ALL_TABLES {
        let query = format!("select * from {table}");
        let (of_old, of_new) = (rows(&old, &query).await, rows(&new, &query).await);
        let (of_old, of_new): (BTreeSet<String>, BTreeSet<String>) =
            (of_old.into_iter().collect(), of_new.into_iter().collect());
        for row in of_old.symmetric_difference(&of_new) {
            let side = if of_old.contains(row) { "old" } else { "new" };
            Tally::blame(&tally.differing, || format!("only {side} has {row} in {table}"));
        }
        println!("{table}: {} rows in old, {} in new", of_old.len(), of_new.len());
    }
    let mut held: BTreeMap<(&str, i64), i64> = BTreeMap::new();
    for (table, v) in [("items", "v"), ("seats", "v"), ("scratch", "v"), ("events", "id")] {
        let sql = format!("select id::int8, {v}::int8 from {table}");
        for row in old.query(&sql, &[]).await.expect("rows of old") {
            held.insert((table, row.get(0)), row.get(1));
        }
    }
    for (row, allowed) in ledger.lock().expect("no holder panics").iter() {
        let found = held.get(row).copied();
        if !allowed.contains(&found) {
            Tally::blame(&tally.missing, || {
                format!("old has {found:?} for {row:?}, not one of {allowed:?}")
            });
        }
    }
}
