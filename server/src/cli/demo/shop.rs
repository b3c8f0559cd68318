//! The shop: a schema with several kinds of keys and types, some 100,000 rows, and the customers of the story.

use std::process::Stdio;

use anyhow::{Context, bail};
use tokio::process::Command;
use tokio_postgres::Client;

use crate::cluster::Cluster;

use super::traffic::Shopper;

/// The database's name on both clusters.
pub(super) const DATABASE: &str = "shop";

const TABLES: &str = include_str!("shop.sql");
const ROWS: &str = include_str!("shop_rows.sql");

/// The people of the story.
pub(super) const STORY: [i64; 4] = [123, 456, 789, 900];

/// Creates and fills the shop, unless it is there from an earlier run.
pub(super) async fn open(old: &Cluster, customers: u32) -> anyhow::Result<Client> {
    if !has_database(old).await? {
        old.create_database(DATABASE).await?;
    }
    let client = old.connect(DATABASE).await?;
    let is_open = client
        .query_one("select to_regclass('orders') is not null", &[])
        .await?;
    if !is_open.try_get::<_, bool>(0)? {
        let script = format!("begin; {TABLES} set local shop.customers = {customers}; {ROWS} commit;");
        client
            .batch_execute(&script)
            .await
            .context("cannot fill the shop")?;
    }
    Ok(client)
}

/// Creates new's database and copies the schema there with `pg_dump`; the rows come by Crossfade's own copy.
pub(super) async fn copy_schema(old: &Cluster, new: &Cluster) -> anyhow::Result<Client> {
    if has_database(new).await? {
        return Ok(new.connect(DATABASE).await?);
    }
    new.create_database(DATABASE).await?;
    let dump = Command::new(old.programs().path("pg_dump"))
        .args(["--schema-only", "--no-owner", "--exclude-schema=crossfade"])
        .arg(old.url(DATABASE))
        .stdin(Stdio::null())
        .output()
        .await
        .context("cannot run pg_dump")?;
    if !dump.status.success() {
        bail!("pg_dump failed: {}", String::from_utf8_lossy(&dump.stderr).trim());
    }
    let client = new.connect(DATABASE).await?;
    let script = String::from_utf8(dump.stdout).context("pg_dump's output is not text")?;
    client
        .batch_execute(&without_psql_commands(&script))
        .await
        .context("cannot create the schema in new")?;
    // The script ends with an empty search path, for safety; this session goes on.
    client.batch_execute("reset search_path").await?;
    Ok(client)
}

/// The story's people and a crowd, with what their rules can see.
pub(super) async fn shoppers(old: &Client, crowd: i64) -> anyhow::Result<Vec<Shopper>> {
    let sql = "select id, country, subscription from customers where id = any($1) or id <= $2 order by id";
    let rows = old.query(sql, &[&STORY.as_slice(), &crowd]).await?;
    let shopper = |row: &tokio_postgres::Row| {
        Ok(Shopper {
            id: row.try_get(0)?,
            country: row.try_get(1)?,
            subscription: row.try_get(2)?,
        })
    };
    rows.iter().map(shopper).collect()
}

/// How many rows each table of the shop has.
pub(super) async fn count(client: &Client) -> anyhow::Result<String> {
    let sql = "select (select count(*) from customers), (select count(*) from products),
                      (select count(*) from orders), (select count(*) from order_lines)";
    let row = client.query_one(sql, &[]).await?;
    let number = |at: usize| {
        anyhow::Ok(super::terminal::grouped(
            row.try_get::<_, i64>(at)?.unsigned_abs(),
        ))
    };
    Ok(format!(
        "{} customers, {} products, {} orders, {} order lines",
        number(0)?,
        number(1)?,
        number(2)?,
        number(3)?
    ))
}

async fn has_database(cluster: &Cluster) -> anyhow::Result<bool> {
    let client = cluster.connect("postgres").await?;
    let sql = "select exists (select from pg_database where datname = $1)";
    Ok(client.query_one(sql, &[&DATABASE]).await?.try_get(0)?)
}

/// Newer versions of `pg_dump` frame a script in `\restrict` and `\unrestrict`, which only `psql` knows.
fn without_psql_commands(script: &str) -> String {
    script
        .lines()
        .filter(|line| !line.starts_with('\\'))
        .collect::<Vec<_>>()
        .join("\n")
}
