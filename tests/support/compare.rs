//! Every row of both databases, compared.

use std::collections::BTreeSet;

use tokio_postgres::Client;

use super::migration::rows;

/// Fails unless every table of old has exactly the same rows in new, and says which differ.
pub(crate) async fn assert_every_row_equal(old: &Client, new: &Client) {
    let tables = rows_of_text(old, TABLES).await;
    assert!(!tables.is_empty(), "there is no table to compare");
    for table in tables {
        let query = format!("select t::text from {table} t");
        let (old, new) = (rows(old, &query).await, rows(new, &query).await);
        let (old, new): (BTreeSet<_>, BTreeSet<_>) = (old.into_iter().collect(), new.into_iter().collect());
        let missing: Vec<_> = old.difference(&new).take(3).collect();
        let extra: Vec<_> = new.difference(&old).take(3).collect();
        assert!(
            missing.is_empty() && extra.is_empty(),
            "{table}: only in old: {missing:?}; only in new: {extra:?}"
        );
    }
}

/// The application's tables. Each has a key, so that no two rows of one are the same.
const TABLES: &str = "\
    select oid::regclass::text from pg_class
    where relkind in ('r', 'p') and not relispartition
      and relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema', 'crossfade')
    order by 1";

async fn rows_of_text(client: &Client, query: &str) -> Vec<String> {
    let rows = client.query(query, &[]).await.expect("rows");
    rows.iter().map(|row| row.get(0)).collect()
}
