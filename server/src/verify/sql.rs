//! The statements that read ranges of one table, the same on both sides, written from the primary's description of
//! it. Row texts come from the columns that mirroring writes, named in their order.

use crate::catalog::{Column, Table, quote_identifier};
use crate::databases::Statement;

use super::key_order::KeyOrder;
use super::range::Range;

/// Count and sum of the range's rows. The sum is of 64-bit hashes and is the same in any order; PostgreSQL sums
/// bigints in 128 bits and more, so it cannot overflow. The hashes are those that hash partitions are built on, so
/// they are the same for all versions.
pub(super) fn checksum(table: &Table, order: &KeyOrder, range: &Range) -> Statement {
    let hash = row_hash(table);
    select(
        &format!("count(*), coalesce(sum({hash}), 0)::text"),
        table,
        order,
        range,
        "",
    )
}

/// The range's keys, each with the hash of its row.
pub(super) fn keys_and_hashes(table: &Table, order: &KeyOrder, range: &Range) -> Statement {
    let columns = format!("{}, {}", key_texts(table), row_hash(table));
    select(&columns, table, order, range, "")
}

/// The key of the range's row at this place, from 1, if it has so many.
pub(super) fn key_at(table: &Table, order: &KeyOrder, range: &Range, place: u64) -> Statement {
    let tail = format!(
        " order by {} offset {} limit 1",
        order_terms(table, order).join(", "),
        place.saturating_sub(1)
    );
    select(&key_texts(table), table, order, range, &tail)
}

fn select(columns: &str, table: &Table, order: &KeyOrder, range: &Range, tail: &str) -> Statement {
    let mut conditions = Vec::new();
    let mut binds = Vec::new();
    let (greater, at_most) = match order {
        KeyOrder::Own { greater, at_most } => (greater.as_str(), at_most.as_str()),
        KeyOrder::Bytes => ("operator(pg_catalog.>)", "operator(pg_catalog.<=)"),
    };
    for (bound, operator) in [(&range.after, greater), (&range.up_to, at_most)] {
        if let Some(key) = bound {
            let values = bound_values(table, order, binds.len());
            let terms = order_terms(table, order).join(", ");
            conditions.push(format!("({terms}) {operator} ({values})"));
            binds.extend(key.iter().cloned());
        }
    }
    let filter = if conditions.is_empty() {
        String::new()
    } else {
        format!(" where {}", conditions.join(" and "))
    };
    let sql = format!("select {columns} from {} t{filter}{tail}", table.quoted());
    binds
        .into_iter()
        .map(Some)
        .fold(Statement::new(sql), Statement::text)
}

/// The hash of a row: of its columns' hashes in their order. The outer hash matters: a record's hash is a sum over its columns, so
/// without it the sum over all rows would stay the same when two rows exchange the values of a column.
fn row_hash(table: &Table) -> String {
    let columns: Vec<String> = table.written_columns().map(hashed).collect();
    format!(
        "hashint8extended(hash_record_extended(row({}), 0), 0)",
        columns.join(", ")
    )
}

/// A column as it is hashed: itself where equal values have one text, which takes half the time, and else its text. Numbers
/// that are equal can differ in their scale, and zero in its sign.
fn hashed(column: &Column) -> String {
    let name = quote_identifier(&column.name);
    let type_name = column.type_name.as_str();
    let is_itself = [
        "bigint", "integer", "smallint", "boolean", "uuid", "bytea", "date",
    ]
    .contains(&type_name)
        || type_name.starts_with("timestamp");
    if is_itself {
        format!("t.{name}")
    } else if type_name == "bpchar" {
        // Its cast to text would drop blanks that count.
        format!(r#"textin(bpcharout(t.{name})) collate "C""#)
    } else {
        format!(r#"t.{name}::text collate "C""#)
    }
}

fn key_texts(table: &Table) -> String {
    let key: Vec<String> = table
        .key_columns()
        .map(|column| format!("t.{}::text", quote_identifier(&column.name)))
        .collect();
    format!("array[{}]", key.join(", "))
}

fn order_terms(table: &Table, order: &KeyOrder) -> Vec<String> {
    table
        .key_columns()
        .map(|column| {
            let name = quote_identifier(&column.name);
            match order {
                KeyOrder::Own { .. } => format!("t.{name}"),
                KeyOrder::Bytes => format!(r#"t.{name}::text collate "C""#),
            }
        })
        .collect()
}

fn bound_values(table: &Table, order: &KeyOrder, bound_before: usize) -> String {
    let values: Vec<String> = table
        .key_columns()
        .zip(bound_before + 1..)
        .map(|(column, n)| match order {
            KeyOrder::Own { .. } => format!("${n}::text::{}", column.bare_type_name),
            KeyOrder::Bytes => format!("${n}::text"),
        })
        .collect();
    values.join(", ")
}
