//! Two databases that nobody writes to.

use crossfade::catalog::Catalog;
use crossfade::databases::{Databases, Side};
use crossfade::verify::{Difference, DifferenceKind, Report, VerifyOptions, repair, verify};

use crate::support::databases::Pair;
use crate::support::migration::databases;

/// A table of many types, and enough rows for several ranges.
pub(super) const TYPES: &str = "
    create table t (
        id int primary key, name text, nick text, score float8, price numeric, zero float8,
        bytes bytea, document json, plain jsonb, list int[], day timestamptz);
    insert into t select n, 'name ' || n, '', 0.1 * n, 1.5, 0.0, decode(lpad(to_hex(n), 8, '0'), 'hex'),
        '{\"a\": 1}', '{\"a\": 1}', array[n, n + 1], '2026-01-01 00:00:00.000001+00'
    from generate_series(1, 5000) n;";

/// Two databases with the same tables and rows, and nobody writing.
pub(super) struct Still {
    pub(super) databases: Databases,
    pub(super) old: tokio_postgres::Client,
    pub(super) new: tokio_postgres::Client,
    _pair: Pair,
}

impl Still {
    /// The script's tables and rows.
    pub(super) async fn with(script: &str) -> Self {
        let pair = Pair::empty().await;
        let (old, new) = (pair.connect_old().await, pair.connect_new().await);
        for side in [&old, &new] {
            side.batch_execute(script).await.expect("tables and rows");
        }
        Self {
            databases: databases(&pair.old_url().await, &pair.new_url().await),
            old,
            new,
            _pair: pair,
        }
    }

    /// A whole verification.
    pub(super) async fn verify(&self) -> Report {
        verified(&self.databases).await
    }

    /// Corrupts new and expects exactly these differences; repairs them and expects none.
    pub(super) async fn corrupted(&self, corruption: &str, expected: &[Difference]) {
        self.new.batch_execute(corruption).await.expect(corruption);
        let report = self.verify().await;
        let found: Vec<Difference> = report.differences().cloned().collect();
        assert_eq!(found, expected, "after: {corruption}");
        assert!(!report.clean);
        let repaired = repair(&self.databases, &Catalog::default(), Side::Old, &found)
            .await
            .expect("a repair");
        assert_eq!(
            (repaired.repaired, repaired.refused),
            (found.len() as u64, vec![])
        );
        let report = self.verify().await;
        assert!(report.clean, "repaired after: {corruption}\n{report}");
    }
}

/// A whole verification of any two databases.
pub(super) async fn verified(databases: &Databases) -> Report {
    verify(databases, Side::Old, &VerifyOptions::default(), |_| {})
        .await
        .expect("a verification")
}

/// A row of a table in the schema `public`.
pub(super) fn difference(table: &str, key: &[&str], kind: DifferenceKind) -> Difference {
    Difference {
        schema: "public".to_owned(),
        table: table.to_owned(),
        key: key.iter().map(ToString::to_string).collect(),
        kind,
    }
}

/// A row that has other values in these columns.
pub(super) fn different(table: &str, key: &[&str], columns: &[&str]) -> Difference {
    let columns = columns.iter().map(ToString::to_string).collect();
    difference(table, key, DifferenceKind::Different { columns })
}
