//! A [`Query`] and the catalog's [`Table`] as one SQL statement.
//!
//! Every name is one that the catalog knows, quoted; every value is bound as text and cast to its column's type.
//! The statement's text depends on the shape of a request, never on its values, so that it is prepared once.
//! Rows come back as one JSON text that PostgreSQL makes, as with PostgREST.

mod condition;
mod select;
mod writer;

use super::body::{Body, Rows};
use super::error::DataError;
use super::grammar::{OrderTerm, Query, Selected};
use crate::catalog::{Column, Table};
use crate::databases::Statement;
use condition::where_all;
use select::{order_by, select_list};
use writer::Writer;

/// What an insert does with a row that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// The new row's values replace it.
    Merge,
    /// It stays as it is.
    Ignore,
}

/// The rows of a page.
///
/// One row of three: the rows as a JSON array, how many there are, and, where all are
/// counted, how many there are in all.
pub fn read(table: &Table, query: &Query, page: Page, counting: Counting) -> Result<Statement, DataError> {
    let mut writer = Writer::default();
    writer.sql("select coalesce(json_agg(_crossfade_row), '[]')::text, count(*), ");
    if counting == Counting::All {
        writer
            .sql("(select count(*) from ")
            .sql(&table.quoted())
            .sql(" as t");
        where_all(&mut writer, table, &query.conditions)?;
        writer.sql(")");
    } else {
        writer.sql("null::int8");
    }
    writer.sql(" from (select ");
    select_list(&mut writer, table, &query.select)?;
    writer.sql(" from ").sql(&table.quoted()).sql(" as t");
    where_all(&mut writer, table, &query.conditions)?;
    order_by(&mut writer, table, &query.order)?;
    limit(&mut writer, page);
    writer.sql(") as _crossfade_row");
    Ok(writer.finish())
}

/// The keys of the rows of a page: one row of one `text[]` each.
pub fn keys(table: &Table, query: &Query, page: Page) -> Result<Statement, DataError> {
    let mut writer = Writer::default();
    writer
        .sql("select array[")
        .list(table.key_columns(), ", ", |writer, column| {
            writer.sql("t.").name(&column.name).sql("::text");
            Ok(())
        })?;
    writer.sql("] from ").sql(&table.quoted()).sql(" as t");
    where_all(&mut writer, table, &query.conditions)?;
    order_by(&mut writer, table, &query.order)?;
    limit(&mut writer, page);
    Ok(writer.finish())
}

fn limit(writer: &mut Writer, page: Page) {
    writer.sql(" limit ").integer(page.limit);
    if page.offset > 0 {
        writer.sql(" offset ").integer(page.offset);
    }
}

/// Which rows are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// Those of the page.
    Page,
    /// All that match, too.
    All,
}

/// What the planner thinks of the rows that match: one row of one JSON text.
pub fn plan(table: &Table, query: &Query) -> Result<Statement, DataError> {
    let mut writer = Writer::default();
    writer
        .sql("explain (format json) select from ")
        .sql(&table.quoted())
        .sql(" as t");
    where_all(&mut writer, table, &query.conditions)?;
    Ok(writer.finish())
}

/// Which rows of all that match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// How many are passed over first.
    pub offset: u64,
    /// How many at most.
    pub limit: u64,
}

/// What a change answers with.
#[derive(Debug, Clone, Copy)]
pub enum Returning<'q> {
    /// One row: how many rows changed.
    Count,
    /// One row of two: the changed rows as a JSON array, and how many they are.
    Rows(&'q [Selected], &'q [OrderTerm]),
}

/// An insert of all rows of a body.
pub fn insert(
    table: &Table,
    body: &Body,
    on_conflict: Option<(Resolution, Option<&[String]>)>,
    returning: Returning<'_>,
) -> Result<Statement, DataError> {
    let mut writer = Writer::default();
    writer
        .sql("with ")
        .list(body.groups.iter().enumerate(), ", ", |writer, (index, rows)| {
            writer
                .sql(&format!("written_{index} as (insert into "))
                .sql(&table.quoted())
                .sql(" as t");
            insert_rows(writer, table, rows)?;
            if let Some((resolution, columns)) = on_conflict {
                on_conflict_do(writer, table, rows, resolution, columns)?;
            }
            writer.sql(" returning t.*)");
            Ok(())
        })?;
    writer
        .sql(", written as (")
        .list(0..body.groups.len(), " union all ", |writer, index| {
            writer.sql(&format!("select * from written_{index}"));
            Ok(())
        })?;
    writer.sql(") ");
    answer(&mut writer, table, returning)?;
    Ok(writer.finish())
}

/// An update of all rows that match, with the one object of a body.
pub fn update(
    table: &Table,
    query: &Query,
    rows: &Rows,
    returning: Returning<'_>,
) -> Result<Statement, DataError> {
    let mut writer = Writer::default();
    writer
        .sql("with written as (update ")
        .sql(&table.quoted())
        .sql(" as t set ");
    writer.list(&rows.columns, ", ", |writer, name| {
        written_column(table, name)?;
        writer.name(name).sql(" = b.").name(name);
        Ok(())
    })?;
    writer.sql(" from ");
    recordset(&mut writer, table, rows)?;
    where_all(&mut writer, table, &query.conditions)?;
    writer.sql(" returning t.*) ");
    answer(&mut writer, table, returning)?;
    Ok(writer.finish())
}

/// A delete of all rows that match.
pub fn delete(table: &Table, query: &Query, returning: Returning<'_>) -> Result<Statement, DataError> {
    let mut writer = Writer::default();
    writer
        .sql("with written as (delete from ")
        .sql(&table.quoted())
        .sql(" as t");
    where_all(&mut writer, table, &query.conditions)?;
    writer.sql(" returning t.*) ");
    answer(&mut writer, table, returning)?;
    Ok(writer.finish())
}

fn insert_rows(writer: &mut Writer, table: &Table, rows: &Rows) -> Result<(), DataError> {
    if rows.columns.is_empty() {
        writer.sql(" default values");
        return Ok(());
    }
    writer.sql(" (").list(&rows.columns, ", ", |writer, name| {
        written_column(table, name)?;
        writer.name(name);
        Ok(())
    })?;
    writer
        .sql(") select ")
        .list(&rows.columns, ", ", |writer, name| {
            writer.sql("b.").name(name);
            Ok(())
        })?;
    writer.sql(" from ");
    recordset(writer, table, rows)
}

/// The body's objects as rows called `b`. PostgreSQL reads the values out of the JSON, each by its column's type.
fn recordset(writer: &mut Writer, table: &Table, rows: &Rows) -> Result<(), DataError> {
    writer
        .sql("json_to_recordset(")
        .text(rows.json.as_str())
        .sql("::json) as b (");
    writer.list(&rows.columns, ", ", |writer, name| {
        let column = written_column(table, name)?;
        writer.name(name).sql(" ").sql(&column.type_name);
        Ok(())
    })?;
    writer.sql(")");
    Ok(())
}

fn on_conflict_do(
    writer: &mut Writer,
    table: &Table,
    rows: &Rows,
    resolution: Resolution,
    columns: Option<&[String]>,
) -> Result<(), DataError> {
    let key: Vec<&str> = match columns {
        Some(columns) => columns
            .iter()
            .map(|name| column_of(table, name).map(|c| c.name.as_str()))
            .collect::<Result<_, _>>()?,
        None => table.key_columns().map(|column| column.name.as_str()).collect(),
    };
    writer.sql(" on conflict");
    if !key.is_empty() {
        writer.sql(" (").list(key, ", ", |writer, name| {
            writer.name(name);
            Ok(())
        })?;
        writer.sql(")");
    }
    if resolution == Resolution::Ignore || rows.columns.is_empty() {
        writer.sql(" do nothing");
        return Ok(());
    }
    writer
        .sql(" do update set ")
        .list(&rows.columns, ", ", |writer, name| {
            writer.name(name).sql(" = excluded.").name(name);
            Ok(())
        })?;
    Ok(())
}

fn answer(writer: &mut Writer, table: &Table, returning: Returning<'_>) -> Result<(), DataError> {
    match returning {
        Returning::Count => {
            writer.sql("select null::text, count(*) from written");
        }
        Returning::Rows(select, order) => {
            writer.sql("select coalesce(json_agg(_crossfade_row), '[]')::text, count(*) from (select ");
            select_list(writer, table, select)?;
            writer.sql(" from written as t");
            order_by(writer, table, order)?;
            writer.sql(") as _crossfade_row");
        }
    }
    Ok(())
}

fn column_of<'t>(table: &'t Table, name: &str) -> Result<&'t Column, DataError> {
    table.column(name).ok_or_else(|| DataError::UnknownColumn {
        column: name.to_owned(),
        table: table.name.clone(),
    })
}

fn written_column<'t>(table: &'t Table, name: &str) -> Result<&'t Column, DataError> {
    table.column(name).ok_or_else(|| DataError::UnknownKey {
        column: name.to_owned(),
        table: table.name.clone(),
    })
}
