//! What a URL of `/data` asks for, in PostgREST's grammar: text in, [`Query`] or [`GrammarError`] out.
//!
//! Nothing here knows SQL, tables or requests. Names are taken as written; whether they exist is asked later.
//! The grammar is that of PostgREST's `QueryParams`, as `@supabase/postgrest-js` writes it. Embedded tables,
//! computed relationships and aggregates are refused by name.

mod cursor;
mod filter;
mod operator;
mod order;
mod select;

use std::borrow::Cow;

use cursor::Cursor;
pub use filter::{Condition, Filter, Junction};
pub use operator::{Comparison, Operator, Quantifier, RangeRelation, SearchParser, Truth};
pub use order::{Nulls, OrderTerm};
pub use select::Selected;

/// The most filters in one request, those inside `and=(…)` and `or=(…)` included.
pub const MAX_FILTERS: usize = 200;

/// How deep `and(…)` and `or(…)` may nest.
pub const MAX_DEPTH: usize = 16;

/// Parameters that mean nothing when they are said twice.
const SAID_ONCE: [&str; 5] = ["select", "limit", "offset", "columns", "on_conflict"];

/// A request's query string.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Query {
    /// What each row shows; empty means all columns.
    pub select: Vec<Selected>,
    /// Conditions that all must hold.
    pub conditions: Vec<Condition>,
    /// By what rows are sorted, the first term first.
    pub order: Vec<OrderTerm>,
    /// How many rows at most.
    pub limit: Option<u64>,
    /// How many rows are passed over first.
    pub offset: Option<u64>,
    /// Which keys of a body are columns to write; absent, the keys of its first object.
    pub columns: Option<Vec<String>>,
    /// The columns whose equality makes an inserted row a duplicate; absent, the primary key.
    pub on_conflict: Option<Vec<String>>,
}

/// A column, and a path into it where it holds JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The column's name.
    pub column: String,
    /// Steps into its value.
    pub path: Vec<PathStep>,
}

/// One step into a JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathStep {
    /// A key, or a position counted from 0, or from the end where it is negative.
    pub operand: PathOperand,
    /// `->>`: the value as text; `->`: as JSON.
    pub as_text: bool,
}

/// Where a step leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathOperand {
    /// Into an object.
    Key(String),
    /// Into an array.
    Index(i32),
}

/// A query string that is outside the grammar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GrammarError {
    /// A parameter does not read.
    #[error("\"failed to parse {parameter} ({text})\" (line 1, column {column})")]
    Syntax {
        /// What was being read: `filter`, `select parameter`, ….
        parameter: &'static str,
        /// Its text, decoded.
        text: String,
        /// Where it stops making sense, in characters from 1.
        column: usize,
        /// What was there, and what was expected.
        details: String,
    },
    /// A parameter that stands for a feature of PostgREST's that is not here.
    #[error("Feature not implemented")]
    NotImplemented(String),
    /// A filter on a table that is not part of the request.
    #[error("'{0}' is not an embedded resource in this request")]
    NotEmbedded(String),
}

impl Query {
    /// Reads a query string as it stands in the URL, without its question mark.
    pub fn parse(text: &str) -> Result<Self, GrammarError> {
        let mut query = Self::default();
        let mut seen = Vec::new();
        for (key, value) in pairs(text) {
            if let Some(&name) = SAID_ONCE.iter().find(|&&name| name == key) {
                if seen.contains(&name) {
                    return Err(Cursor::new(name, &value).error("it only once"));
                }
                seen.push(name);
            }
            match &*key {
                "select" => query.select = select::parse(&value)?,
                "order" => query.order.extend(order::parse(&value)?),
                "limit" => query.limit = Some(number("limit", &value)?),
                "offset" => query.offset = Some(number("offset", &value)?),
                "columns" => query.columns = Some(names("columns parameter", &value)?),
                "on_conflict" => query.on_conflict = Some(names("on_conflict parameter", &value)?),
                "and" | "or" | "not.and" | "not.or" => {
                    query.conditions.push(filter::parse_junction(&key, &value)?);
                }
                _ => query.conditions.push(filter::parse(&key, &value)?),
            }
        }
        let filters: usize = query.conditions.iter().map(Condition::size).sum();
        if filters > MAX_FILTERS {
            return Err(GrammarError::NotImplemented(format!(
                "More than {MAX_FILTERS} filters in one request"
            )));
        }
        Ok(query)
    }
}

/// The pairs of a query string, decoded as forms are: `+` is a space. Pairs without a value say nothing.
fn pairs(text: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (decoded(key), decoded(value)))
}

fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains(['+', '%']) {
        return Cow::Borrowed(text);
    }
    let spaced = text.replace('+', " ");
    Cow::Owned(
        percent_encoding::percent_decode_str(&spaced)
            .decode_utf8_lossy()
            .into_owned(),
    )
}

fn number(parameter: &'static str, text: &str) -> Result<u64, GrammarError> {
    // PostgreSQL's limits are bigints.
    let number = text
        .parse::<u64>()
        .ok()
        .filter(|&number| i64::try_from(number).is_ok());
    number.ok_or_else(|| Cursor::new(parameter, text).error("a whole number from 0"))
}

fn names(parameter: &'static str, text: &str) -> Result<Vec<String>, GrammarError> {
    let mut cursor = Cursor::new(parameter, text);
    let mut names = Vec::new();
    loop {
        cursor.skip_spaces();
        names.push(cursor.name()?);
        cursor.skip_spaces();
        if !cursor.take(",") {
            cursor.end("\",\" or end of input")?;
            return Ok(names);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{GrammarError, MAX_FILTERS, Query};

    #[test]
    fn a_query_without_parameters_asks_for_everything() {
        assert_eq!(Query::parse("").unwrap(), Query::default());
        assert_eq!(Query::parse("&flag&").unwrap(), Query::default());
    }

    #[test]
    fn limits_and_names_are_read() {
        let query = Query::parse("limit=10&offset=20&columns=id,%22full+name%22&on_conflict=a,b").unwrap();
        assert_eq!((query.limit, query.offset), (Some(10), Some(20)));
        assert_eq!(query.columns, Some(vec!["id".to_owned(), "full name".to_owned()]));
        assert_eq!(query.on_conflict, Some(vec!["a".to_owned(), "b".to_owned()]));
    }

    #[test]
    fn a_limit_that_is_no_number_is_refused() {
        for text in ["limit=ten", "limit=-1", "offset=9223372036854775808", "limit="] {
            assert!(
                matches!(Query::parse(text), Err(GrammarError::Syntax { .. })),
                "{text}"
            );
        }
    }

    #[test]
    fn the_number_of_filters_is_bounded() {
        let filters = |number: usize| vec!["id=eq.1"; number].join("&");
        assert!(Query::parse(&filters(MAX_FILTERS)).is_ok());
        assert!(Query::parse(&filters(MAX_FILTERS + 1)).is_err());
    }

    #[test]
    fn a_second_word_on_the_same_thing_is_refused() {
        assert!(Query::parse("select=a&select=b").is_err());
        assert!(Query::parse("limit=1&limit=2").is_err());
        assert_eq!(Query::parse("order=a&order=b").unwrap().order.len(), 2);
    }
}
