//! One SQL statement of ours with its bound values, prepared once a connection and cached by its text.
//!
//! `diesel::sql_query` is parsed by PostgreSQL each time it runs (10,600 against 27,000 reads by key a second
//! here); a fragment with a stable identity is not. All values are bound as text, or as arrays of it, and the
//! SQL casts them: that is exact for every type and needs no knowledge of types on our side.

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

/// A row as one text a column, in the order of an explicit column list: see DESIGN, "Mirror".
pub type Image = Vec<Option<String>>;

/// A statement with `$1`, `$2`, … and their values.
#[derive(Debug, Clone)]
pub struct Statement {
    sql: String,
    binds: Vec<Bind>,
    once: bool,
}

#[derive(Debug, Clone)]
enum Bind {
    Text(Option<String>),
    Texts(Vec<Option<String>>),
    Integer(i64),
    Integers(Vec<i64>),
}

impl Statement {
    /// A statement of this text. The text must not depend on user input but through quoted identifiers that
    /// the catalog knows: each distinct text is kept prepared on each connection that ran it.
    pub fn new(sql: impl Into<String>) -> Self {
        Self {
            sql: sql.into(),
            binds: Vec::new(),
            once: false,
        }
    }

    /// Not kept prepared: for a text that may never come again.
    #[must_use]
    pub fn once(self) -> Self {
        Self { once: true, ..self }
    }

    /// Binds the next `$n` as `text`.
    #[must_use]
    pub fn text(mut self, value: Option<String>) -> Self {
        self.binds.push(Bind::Text(value));
        self
    }

    /// Binds the next `$n` as `text[]`.
    #[must_use]
    pub fn texts(mut self, values: Vec<Option<String>>) -> Self {
        self.binds.push(Bind::Texts(values));
        self
    }

    /// Binds the next `$n` as `bigint`.
    #[must_use]
    pub fn integer(mut self, value: i64) -> Self {
        self.binds.push(Bind::Integer(value));
        self
    }

    /// Binds the next `$n` as `bigint[]`.
    #[must_use]
    pub fn integers(mut self, values: Vec<i64>) -> Self {
        self.binds.push(Bind::Integers(values));
        self
    }

    /// The statement's text.
    #[must_use]
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// Runs it; the number of rows affected.
    pub async fn execute(self, connection: &mut AsyncPgConnection) -> QueryResult<usize> {
        RunQueryDsl::execute(self, connection).await
    }

    /// Runs it and reads rows: one column each for a single type, several for a tuple.
    pub async fn rows<Columns, Row>(self, connection: &mut AsyncPgConnection) -> QueryResult<Vec<Row>>
    where
        Columns:
            diesel::sql_types::SqlType + diesel::expression::TypedExpressionType + QueryId + Send + 'static,
        Typed<Columns>: diesel_async::methods::LoadQuery<'static, AsyncPgConnection, Row>,
        Row: Send + 'static,
    {
        Typed::<Columns> {
            statement: self,
            columns: std::marker::PhantomData,
        }
        .load(connection)
        .await
    }

    /// Runs a statement that yields one row of one text, `None` for SQL null.
    pub async fn one_text(self, connection: &mut AsyncPgConnection) -> QueryResult<Option<String>> {
        let rows = self.rows::<Nullable<Text>, Option<String>>(connection).await?;
        rows.into_iter().next().ok_or(diesel::result::Error::NotFound)
    }

    /// Runs a statement that yields rows of one text each, `None` for SQL null.
    pub async fn texts_of_rows(self, connection: &mut AsyncPgConnection) -> QueryResult<Vec<Option<String>>> {
        self.rows::<Nullable<Text>, Option<String>>(connection).await
    }

    /// Runs a statement that yields one row of one boolean.
    pub async fn one_bool(self, connection: &mut AsyncPgConnection) -> QueryResult<bool> {
        let rows = self.rows::<Bool, bool>(connection).await?;
        rows.into_iter().next().ok_or(diesel::result::Error::NotFound)
    }
}

impl QueryFragment<Pg> for Statement {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        if self.once {
            out.unsafe_to_cache_prepared();
        }
        for piece in Pieces(&self.sql) {
            match piece {
                Piece::Text(text) => out.push_sql(text),
                Piece::Parameter(number) => match number
                    .checked_sub(1)
                    .and_then(|index| self.binds.get(index))
                {
                    Some(Bind::Text(value)) => out.push_bind_param::<Nullable<Text>, _>(value)?,
                    Some(Bind::Texts(values)) => out.push_bind_param::<Array<Nullable<Text>>, _>(values)?,
                    Some(Bind::Integer(value)) => out.push_bind_param::<BigInt, _>(value)?,
                    Some(Bind::Integers(values)) => out.push_bind_param::<Array<BigInt>, _>(values)?,
                    None => {
                        let problem = format!("${number} has no value bound");
                        return Err(diesel::result::Error::QueryBuilderError(problem.into()));
                    }
                },
            }
        }
        Ok(())
    }
}

/// Cuts a statement at its parameters: diesel numbers them itself, so a parameter that is named twice is sent
/// twice. A `$1` inside a quoted identifier or literal is text.
struct Pieces<'a>(&'a str);

enum Piece<'a> {
    Text(&'a str),
    Parameter(usize),
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        if self.0.is_empty() {
            return None;
        }
        let bytes = self.0.as_bytes();
        let mut quote = None;
        for (at, &byte) in bytes.iter().enumerate() {
            match (quote, byte) {
                (None, b'"' | b'\'') => quote = Some(byte),
                (Some(open), _) if open == byte => quote = None,
                (None, b'$') if bytes.get(at + 1).is_some_and(u8::is_ascii_digit) => {
                    if at > 0 {
                        let (text, rest) = self.0.split_at(at);
                        self.0 = rest;
                        return Some(Piece::Text(text));
                    }
                    let digits = bytes[1..]
                        .iter()
                        .take_while(|digit| digit.is_ascii_digit())
                        .count();
                    let (parameter, rest) = self.0.split_at(1 + digits);
                    self.0 = rest;
                    return Some(Piece::Parameter(parameter[1..].parse().unwrap_or(0)));
                }
                _ => {}
            }
        }
        Some(Piece::Text(std::mem::take(&mut self.0)))
    }
}

impl QueryId for Statement {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

/// A [`Statement`] with the types of its result columns.
#[derive(Debug, Clone)]
pub struct Typed<Columns> {
    statement: Statement,
    columns: std::marker::PhantomData<Columns>,
}

impl<Columns> QueryFragment<Pg> for Typed<Columns> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.statement.walk_ast(out)
    }
}

impl<Columns> QueryId for Typed<Columns> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Columns: diesel::expression::TypedExpressionType> Query for Typed<Columns> {
    type SqlType = Columns;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(statement: &Statement) -> String {
        diesel::debug_query::<Pg, _>(statement).to_string()
    }

    #[test]
    fn parameters_are_bound_in_the_order_of_the_text() {
        let statement = Statement::new("select $2::int4, $1")
            .text(Some("a".into()))
            .integer(7);
        assert_eq!(
            written(&statement),
            r#"select $1::int4, $2 -- binds: [7, Some("a")]"#
        );
    }

    #[test]
    fn a_dollar_in_a_quoted_name_is_no_parameter() {
        let statement = Statement::new(r#"select "a$1", 'b$2' from t where c = $1"#).text(None);
        assert_eq!(
            written(&statement),
            r#"select "a$1", 'b$2' from t where c = $1 -- binds: [None]"#
        );
    }

    #[test]
    fn a_parameter_without_a_value_is_an_error_and_no_panic() {
        let statement = Statement::new("select $1");
        let mut sql = <Pg as diesel::backend::Backend>::QueryBuilder::default();
        assert!(statement.to_sql(&mut sql, &Pg).is_err());
    }
}
