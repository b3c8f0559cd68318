//! Compares every row of two databases, by key.
//!
//! Made for a demo's database: it holds one table's rows in memory. The product's own verification is elsewhere and
//! needs no memory; this one is simple enough to be believed.

use std::collections::HashMap;

use anyhow::{Context, anyhow};
use serde::Serialize;
use tokio_postgres::Client;

/// One table in both databases.
#[derive(Debug, Clone, Serialize)]
pub(super) struct TableComparison {
    /// Its name, with its schema unless that is `public`.
    pub(super) table: String,
    /// Rows in old.
    pub(super) old_rows: u64,
    /// Rows in new.
    pub(super) new_rows: u64,
    /// Rows that are in both and equal in every column.
    pub(super) equal: u64,
    /// Keys that are in one of them only, or in both with different rows.
    pub(super) differing: u64,
}

/// Every table with a key, and the text of its key.
const TABLES: &str = "\
    select t.oid::regclass::text,
           'row(' || string_agg('t.' || quote_ident(a.attname), ', ' order by k.at) || ')::text'
    from pg_class t
    join pg_index i on i.indrelid = t.oid and i.indisprimary
    cross join unnest(i.indkey::int2[]) with ordinality k (column_number, at)
    join pg_attribute a on a.attrelid = t.oid and a.attnum = k.column_number
    where t.relkind in ('r', 'p') and not t.relispartition
      and t.relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema', 'crossfade')
    group by t.oid
    order by 1";

/// Compares all of old's tables with new's. Both should be at rest.
pub(super) async fn compare(old: &Client, new: &Client) -> anyhow::Result<Vec<TableComparison>> {
    let mut comparisons = Vec::new();
    for row in old.query(TABLES, &[]).await.context("cannot list the tables")? {
        let (table, key): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        comparisons.push(compare_table(old, new, table, &key).await?);
    }
    if comparisons.is_empty() {
        Err(anyhow!("there is no table to compare"))
    } else {
        Ok(comparisons)
    }
}

async fn compare_table(
    old: &Client,
    new: &Client,
    table: String,
    key: &str,
) -> anyhow::Result<TableComparison> {
    let sql = format!("select {key}, t::text from {table} t");
    let (old, new) = tokio::try_join!(rows(old, &sql), rows(new, &sql))
        .with_context(|| format!("cannot read table {table}"))?;
    let equal = old
        .iter()
        .filter(|(key, row)| new.get(*key) == Some(*row))
        .count();
    let keys = old.len() + new.keys().filter(|key| !old.contains_key(*key)).count();
    Ok(TableComparison {
        table,
        old_rows: old.len() as u64,
        new_rows: new.len() as u64,
        equal: equal as u64,
        differing: (keys - equal) as u64,
    })
}

async fn rows(client: &Client, sql: &str) -> anyhow::Result<HashMap<String, String>> {
    let rows = client.query(sql, &[]).await?;
    rows.iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect()
}
