//! SQL text in the making, with the values that are bound to it.

use super::super::error::DataError;
use crate::catalog::quote_identifier;
use crate::databases::Statement;

/// Grows a statement from left to right. Only text of ours and quoted names go in; all else is bound.
#[derive(Debug, Clone, Default)]
pub(super) struct Writer {
    sql: String,
    binds: Vec<Bind>,
}

#[derive(Debug, Clone)]
enum Bind {
    Text(String),
    Texts(Vec<String>),
    Integer(i64),
}

impl Writer {
    /// SQL of ours.
    pub(super) fn sql(&mut self, sql: &str) -> &mut Self {
        self.sql.push_str(sql);
        self
    }

    /// A name, quoted.
    pub(super) fn name(&mut self, name: &str) -> &mut Self {
        self.sql.push_str(&quote_identifier(name));
        self
    }

    /// A value as `text`.
    pub(super) fn text(&mut self, value: impl Into<String>) -> &mut Self {
        self.bind(Bind::Text(value.into()), "text")
    }

    /// Values as `text[]`.
    pub(super) fn texts(&mut self, values: Vec<String>) -> &mut Self {
        self.bind(Bind::Texts(values), "text[]")
    }

    /// A value as `bigint`.
    pub(super) fn integer(&mut self, value: u64) -> &mut Self {
        self.bind(Bind::Integer(i64::try_from(value).unwrap_or(i64::MAX)), "int8")
    }

    /// Writes `items` with `separator` between them.
    pub(super) fn list<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        separator: &str,
        mut write: impl FnMut(&mut Self, T) -> Result<(), DataError>,
    ) -> Result<&mut Self, DataError> {
        for (index, item) in items.into_iter().enumerate() {
            if index > 0 {
                self.sql(separator);
            }
            write(self, item)?;
        }
        Ok(self)
    }

    pub(super) fn finish(self) -> Statement {
        self.binds
            .into_iter()
            .fold(Statement::new(self.sql), |statement, bind| match bind {
                Bind::Text(value) => statement.text(Some(value)),
                Bind::Texts(values) => statement.texts(values.into_iter().map(Some).collect()),
                Bind::Integer(value) => statement.integer(value),
            })
    }

    fn bind(&mut self, bind: Bind, type_name: &str) -> &mut Self {
        self.binds.push(bind);
        let number = self.binds.len();
        self.sql("$").sql(&number.to_string()).sql("::").sql(type_name)
    }
}
