//! What a row shows and in which order rows come.

use super::super::error::DataError;
use super::super::grammar::{Field, Nulls, OrderTerm, PathOperand, Selected};
use super::condition::field;
use super::writer::Writer;
use crate::catalog::Table;

/// The types that `select` may cast to. A cast by name to anything else could run a user's own code.
const CASTS: [&str; 43] = [
    "bigint",
    "bool",
    "boolean",
    "bytea",
    "char",
    "character varying",
    "cidr",
    "citext",
    "date",
    "decimal",
    "double precision",
    "float",
    "float4",
    "float8",
    "inet",
    "int",
    "int2",
    "int4",
    "int8",
    "integer",
    "interval",
    "json",
    "jsonb",
    "macaddr",
    "money",
    "name",
    "numeric",
    "oid",
    "point",
    "real",
    "regclass",
    "smallint",
    "text",
    "time",
    "timestamp",
    "timestamptz",
    "timetz",
    "tsquery",
    "tsvector",
    "uuid",
    "varchar",
    "xml",
    "xid",
];

/// A select list over the row called `t`; nothing selected is everything.
pub(super) fn select_list(writer: &mut Writer, table: &Table, items: &[Selected]) -> Result<(), DataError> {
    if items.is_empty() {
        writer.sql("t.*");
        return Ok(());
    }
    writer.list(items, ", ", |writer, item| selected(writer, table, item))?;
    Ok(())
}

/// ` order by …`, or nothing.
pub(super) fn order_by(writer: &mut Writer, table: &Table, terms: &[OrderTerm]) -> Result<(), DataError> {
    if terms.is_empty() {
        return Ok(());
    }
    writer.sql(" order by ").list(terms, ", ", |writer, term| {
        field(writer, table, &term.field)?;
        writer.sql(if term.descending { " desc" } else { "" });
        writer.sql(match term.nulls {
            None => "",
            Some(Nulls::First) => " nulls first",
            Some(Nulls::Last) => " nulls last",
        });
        Ok(())
    })?;
    Ok(())
}

fn selected(writer: &mut Writer, table: &Table, item: &Selected) -> Result<(), DataError> {
    let (shown, cast, alias) = match item {
        Selected::All => {
            writer.sql("t.*");
            return Ok(());
        }
        Selected::Field { field, cast, alias } => (field, cast, alias),
    };
    match cast {
        None => field(writer, table, shown)?,
        Some(name) => {
            let known = CASTS.contains(
                &name
                    .strip_suffix("[]")
                    .unwrap_or(name)
                    .to_ascii_lowercase()
                    .as_str(),
            );
            if !known {
                return Err(DataError::UnknownType(name.clone()));
            }
            writer.sql("cast(");
            field(writer, table, shown)?;
            writer.sql(" as ").sql(name).sql(")");
        }
    }
    writer
        .sql(" as ")
        .name(alias.as_deref().unwrap_or_else(|| shown_name(shown)));
    Ok(())
}

/// A path is shown under its last key.
fn shown_name(field: &Field) -> &str {
    let keys = field.path.iter().rev().filter_map(|step| match &step.operand {
        PathOperand::Key(key) => Some(key.as_str()),
        PathOperand::Index(_) => None,
    });
    keys.chain(std::iter::once(field.column.as_str()))
        .next()
        .unwrap_or(&field.column)
}
