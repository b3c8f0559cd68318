//! Whether there are large objects, which neither transport carries.

use serde::Deserialize;

use super::examination::{Examination, counted, listed};
use super::{Check, PreflightError};
use crate::databases::Side;

const NAME: &str = "large_objects";

#[derive(Deserialize)]
struct Row {
    objects: usize,
    columns: Vec<Column>,
}

#[derive(Deserialize)]
struct Column {
    table: String,
    name: String,
    bytes: String,
}

/// There are none.
pub(super) async fn check(of: &mut Examination) -> Result<Check, PreflightError> {
    let row: Row = of
        .ask_one(NAME, Side::Old, include_str!("large_objects.sql"))
        .await?;
    let mut check = Check::new(NAME).saw(counted(row.objects, "large object"));
    if row.objects == 0 {
        return Ok(check);
    }
    let mut statements: Vec<String> = Vec::new();
    for Column { table, name, bytes } in &row.columns {
        statements.push(format!("alter table {table} add column {bytes} bytea"));
        statements.push(format!(
            "update {table} set {bytes} = lo_get({name}) \
             where {name} in (select m.oid from pg_largeobject_metadata m)"
        ));
    }
    statements.push("select lo_unlink(m.oid) from pg_largeobject_metadata m".to_owned());
    let columns: Vec<String> = row
        .columns
        .iter()
        .map(|column| format!("{}.{}", column.table, column.name))
        .collect();
    let (who, note) = if columns.is_empty() {
        (
            "and no column that could refer to one".to_owned(),
            "nothing refers to them as far as columns tell; make sure before they are removed",
        )
    } else {
        (
            format!("which {} may refer to", listed(&columns)),
            "change the application to the new column before the last statement removes the large objects",
        )
    };
    check
        .block(format!(
            "old has {}, {who}; neither transport carries them",
            counted(row.objects, "large object")
        ))
        .mend(Side::Old, statements)
        .then(note);
    Ok(check)
}
