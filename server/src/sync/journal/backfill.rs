//! Copies the rows that were there before capture, table by table, in binary.
//!
//! While a table is copied it is locked against mirroring, and its entries wait in the journal. So a row read
//! before a change cannot overwrite what a mirror wrote after it; what changes meanwhile is mirrored afterwards.

use futures_util::{SinkExt, StreamExt};
use serde::Serialize;

use crate::catalog::{CatalogError, Generated, Table, quote_identifier, read_table, read_table_names};
use crate::databases::{DatabaseError, Databases, Side, Statement, Step};

use super::locks::table_lock;
use super::sql;

/// One table, copied.
#[derive(Debug, Clone, Serialize)]
pub struct CopiedTable {
    /// Its schema and name.
    pub table: String,
    /// Rows that were copied.
    pub rows: u64,
    /// How long it took.
    pub seconds: f64,
}

/// Why the copy stopped. What was copied stays; running it again goes on with the table it stopped at.
#[derive(Debug, thiserror::Error)]
pub enum BackfillError {
    /// The secondary has no such table, or one of another shape.
    #[error(
        "table {table} differs in its columns on the {secondary} database; copy the schema first: \
         pg_dump --schema-only of old into new"
    )]
    Schema {
        /// The table.
        table: String,
        /// Where it differs.
        secondary: Side,
    },
    /// A table could not be described.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The stream between the two databases broke.
    #[error("copying table {table} broke off")]
    Copy {
        /// The table.
        table: String,
        /// The driver's reason.
        #[source]
        source: tokio_postgres::Error,
    },
}

/// Copies every table that is captured and not yet copied, and reports each as it is done.
pub async fn backfill(
    databases: &Databases,
    primary: Side,
    mut progress: impl FnMut(&CopiedTable),
) -> Result<Vec<CopiedTable>, BackfillError> {
    let mut copied = Vec::new();
    let names = {
        let mut connection = databases.mirror_session(primary).await?;
        read_table_names(&mut connection, primary).await?
    };
    for (schema, name) in names {
        let table = {
            let mut connection = databases.mirror_session(primary).await?;
            let table = read_table(&mut connection, primary, &schema, &name).await?;
            let waiting = Statement::new(
                "select exists (select from crossfade.captured where relation = $1 and copied_at is null)",
            );
            let waiting = waiting
                .integer(i64::from(table.oid))
                .one_bool(&mut connection)
                .await;
            if !waiting.map_err(DatabaseError::statement(primary))? {
                continue;
            }
            table
        };
        check_shape(databases, primary.other(), &table).await?;
        let started = std::time::Instant::now();
        let rows = copy_table(databases, primary, &table).await?;
        let done = CopiedTable {
            table: table.to_string(),
            rows,
            seconds: started.elapsed().as_secs_f64(),
        };
        progress(&done);
        copied.push(done);
    }
    Ok(copied)
}

async fn check_shape(databases: &Databases, secondary: Side, table: &Table) -> Result<(), BackfillError> {
    let differs = || BackfillError::Schema {
        table: table.quoted(),
        secondary,
    };
    let mut connection = databases.mirror_session(secondary).await?;
    let there = match read_table(&mut connection, secondary, &table.schema, &table.name).await {
        Ok(there) => there,
        Err(CatalogError::UnknownTable { .. }) => return Err(differs()),
        Err(error) => return Err(error.into()),
    };
    let same = table.columns.iter().all(|column| {
        there.column(&column.name).is_some_and(|other| {
            other.type_name == column.type_name
                && (other.generated == column.generated || !is_expression(other.generated))
        })
    });
    if same { Ok(()) } else { Err(differs()) }
}

fn is_expression(generated: Generated) -> bool {
    generated == Generated::Expression
}

/// Copies one table in one transaction of the secondary and notes it as copied.
async fn copy_table(databases: &Databases, primary: Side, table: &Table) -> Result<u64, BackfillError> {
    let broke = |source| BackfillError::Copy {
        table: table.quoted(),
        source,
    };
    let source = databases.raw_mirror_session(primary).await?;
    let mut target = databases.raw_mirror_session(primary.other()).await?;
    let columns: Vec<String> = table
        .written_columns()
        .map(|column| quote_identifier(&column.name))
        .collect();
    let columns = columns.join(", ");
    let name = table.quoted();

    let transaction = target.transaction().await.map_err(broke)?;
    transaction
        .execute("select pg_advisory_xact_lock($1)", &[&table_lock(table)])
        .await
        .map_err(broke)?;
    // Rows may be there already: mirrored since capture began, or copied without the end having been noted. The
    // copy is read after the lock was taken, so it is at least as new as any of them: they make room for it, with
    // the unique values that they hold. Where foreign keys and triggers would fire, the copy goes through a table
    // of its own instead.
    let row = transaction
        .query_one(
            &format!(
                "select exists (select from {name}), \
                 current_setting('session_replication_role') operator(pg_catalog.=) 'replica'"
            ),
            &[],
        )
        .await
        .map_err(broke)?;
    let (occupied, may_replace): (bool, bool) = (row.get(0), row.get(1));
    if occupied && may_replace {
        transaction
            .batch_execute(&format!("delete from {name}"))
            .await
            .map_err(broke)?;
    }
    let direct = !occupied || may_replace;
    let into = if direct {
        name.clone()
    } else {
        "pg_temp.crossfade_copy".to_owned()
    };
    if !direct {
        let stage = format!(
            "create temp table crossfade_copy on commit drop as select {columns} from {name} limit 0"
        );
        transaction.batch_execute(&stage).await.map_err(broke)?;
    }
    let read = format!("copy (select {columns} from {name}) to stdout binary");
    let write = format!("copy {into} ({columns}) from stdin binary");
    let rows = source.copy_out(&read).await.map_err(broke)?;
    let sink = transaction.copy_in(&write).await.map_err(broke)?;
    futures_util::pin_mut!(rows, sink);
    while let Some(chunk) = rows.next().await {
        sink.feed(chunk.map_err(broke)?).await.map_err(broke)?;
    }
    databases.step(Step::ChunkRead).await;
    let count = sink.finish().await.map_err(broke)?;
    if !direct {
        let merge = format!(
            "insert into {name} ({columns}) overriding system value select {columns} from {into} {}",
            sql::on_conflict_update(table)
        );
        transaction.batch_execute(&merge).await.map_err(broke)?;
    }
    transaction.commit().await.map_err(broke)?;
    source
        .execute(
            "update crossfade.captured set copied_at = now() where relation = $1",
            &[&table.oid],
        )
        .await
        .map_err(broke)?;
    Ok(count)
}
