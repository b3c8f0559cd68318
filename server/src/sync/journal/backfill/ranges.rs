//! Ranges of a table's key, in the order of the primary's own index. The secondary is never asked for a range, so
//! it may sort as it likes.

use tokio_postgres::Client;

use crate::catalog::{Table, quote_identifier, quote_literal};

use super::BackfillError;

/// A key's values as text, in the key's order.
pub(super) type Key = Vec<String>;

/// All keys after one and up to another; without bounds, all keys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct KeyRange {
    /// The last key before the range.
    pub(super) after: Option<Key>,
    /// The last key of the range.
    pub(super) up_to: Option<Key>,
}

/// How a table's key is ordered on the primary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyOrder(Vec<KeyColumn>);

/// One column of the key with its operators, each as `operator(schema.name)`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct KeyColumn {
    name: String,
    /// Without a modifier: a bound must not be cut.
    type_name: String,
    equal: String,
    less: String,
    at_most: String,
    greater: String,
    at_least: String,
}

/// Which side of a bound is meant.
#[derive(Clone, Copy)]
enum Bound {
    After,
    UpTo,
}

impl KeyOrder {
    /// Asks the primary.
    pub(super) async fn read(primary: &Client, table: &Table) -> Result<Self, BackfillError> {
        let operators = primary
            .query(include_str!("key_operators.sql"), &[&table.oid])
            .await
            .map_err(BackfillError::copy(table))?;
        let columns = table
            .key_columns()
            .zip(&operators)
            .map(|(column, row)| KeyColumn {
                name: quote_identifier(&column.name),
                type_name: column.bare_type_name.clone(),
                equal: row.get(0),
                less: row.get(1),
                at_most: row.get(2),
                greater: row.get(3),
                at_least: row.get(4),
            });
        Ok(Self(columns.collect()))
    }

    /// The `where` clause of a range, empty for all keys; the table's alias is `t`.
    pub(super) fn filter(&self, range: &KeyRange) -> String {
        let after = range.after.as_ref().map(|key| self.beyond(key, Bound::After));
        let up_to = range.up_to.as_ref().map(|key| self.beyond(key, Bound::UpTo));
        let conditions: Vec<String> = after.into_iter().chain(up_to).collect();
        if conditions.is_empty() {
            String::new()
        } else {
            format!(" where {}", conditions.join(" and "))
        }
    }

    /// The key that stands so many rows behind the beginning of a range, if it has so many.
    pub(super) fn key_at(&self, table: &Table, range: &KeyRange, rows: u64) -> String {
        let texts: Vec<String> = self
            .0
            .iter()
            .map(|column| format!("t.{}::text", column.name))
            .collect();
        let names: Vec<String> = self.0.iter().map(|column| format!("t.{}", column.name)).collect();
        format!(
            "select array[{}] from {} t{} order by {} offset {} limit 1",
            texts.join(", "),
            table.quoted(),
            self.filter(range),
            names.join(", "),
            rows.saturating_sub(1)
        )
    }

    /// Where all columns have operators of one name, a comparison of rows, which the index serves as a whole;
    /// else column by column, which it serves by the first.
    fn beyond(&self, key: &Key, bound: Bound) -> String {
        let values: Vec<String> = self
            .0
            .iter()
            .zip(key)
            .map(|(column, value)| format!("{}::{}", quote_literal(value), column.type_name))
            .collect();
        let operators = |column: &KeyColumn| match bound {
            Bound::After => column.greater.clone(),
            Bound::UpTo => column.at_most.clone(),
        };
        let mut named: Vec<String> = self.0.iter().map(operators).collect();
        named.dedup();
        if let [operator] = named.as_slice() {
            let names: Vec<String> = self.0.iter().map(|column| format!("t.{}", column.name)).collect();
            return format!("({}) {operator} ({})", names.join(", "), values.join(", "));
        }
        let mut condition = String::new();
        for (place, (column, value)) in self.0.iter().zip(&values).enumerate().rev() {
            let name = format!("t.{}", column.name);
            let is_last = place + 1 == self.0.len();
            let (strictly, closely, loosely) = match bound {
                Bound::After => (&column.greater, &column.greater, &column.at_least),
                Bound::UpTo => (&column.less, &column.at_most, &column.at_most),
            };
            condition = if is_last {
                format!("{name} {closely} {value}")
            } else {
                let equal = &column.equal;
                format!(
                    "{name} {loosely} {value} and ({name} {strictly} {value} or {name} {equal} {value} and ({condition}))"
                )
            };
        }
        format!("({condition})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, type_name: &str, schema: &str) -> KeyColumn {
        let operator = |name: &str| format!("operator({schema}.{name})");
        KeyColumn {
            name: quote_identifier(name),
            type_name: type_name.to_owned(),
            equal: operator("="),
            less: operator("<"),
            at_most: operator("<="),
            greater: operator(">"),
            at_least: operator(">="),
        }
    }

    fn range(after: &[&str], up_to: &[&str]) -> KeyRange {
        let key =
            |values: &[&str]| (!values.is_empty()).then(|| values.iter().map(|&v| v.to_owned()).collect());
        KeyRange {
            after: key(after),
            up_to: key(up_to),
        }
    }

    #[test]
    fn a_key_of_one_kind_is_compared_as_a_row() {
        let order = KeyOrder(vec![
            column("shop", "integer", "pg_catalog"),
            column("No.", "text", "pg_catalog"),
        ]);
        assert_eq!(
            order.filter(&range(&["7", r"it's \ here"], &["9", ""])),
            r#" where (t."shop", t."No.") operator(pg_catalog.>) ('7'::integer, E'it''s \\ here'::text) and (t."shop", t."No.") operator(pg_catalog.<=) ('9'::integer, ''::text)"#
        );
        assert_eq!(order.filter(&range(&[], &[])), "");
    }

    #[test]
    fn a_key_of_several_kinds_is_compared_column_by_column() {
        let order = KeyOrder(vec![
            column("a", "integer", "pg_catalog"),
            column("b", "public.citext", "public"),
        ]);
        assert_eq!(
            order.filter(&range(&["1", "x"], &[])),
            r#" where (t."a" operator(pg_catalog.>=) '1'::integer and (t."a" operator(pg_catalog.>) '1'::integer or t."a" operator(pg_catalog.=) '1'::integer and (t."b" operator(public.>) 'x'::public.citext)))"#
        );
        assert_eq!(
            order.filter(&range(&[], &["1", "x"])),
            r#" where (t."a" operator(pg_catalog.<=) '1'::integer and (t."a" operator(pg_catalog.<) '1'::integer or t."a" operator(pg_catalog.=) '1'::integer and (t."b" operator(public.<=) 'x'::public.citext)))"#
        );
    }
}
