//! What `/data` refuses, in the words and codes that PostgREST's clients know.

use actix_web::http::StatusCode;

use super::grammar::GrammarError;
use super::once::MOST_KEY_BYTES;

/// A request to `/data` that cannot be answered, before any database was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DataError {
    /// The URL is outside the grammar.
    #[error(transparent)]
    Grammar(#[from] GrammarError),
    /// The body is not JSON, or not objects.
    #[error("{0}")]
    Body(String),
    /// `Range`, or `offset`, leads past the last row.
    #[error("Requested range not satisfiable")]
    Range(String),
    /// A schema that is not offered.
    #[error("Invalid schema: {schema}")]
    Schema {
        /// What was asked for.
        schema: String,
        /// What there is.
        exposed: Vec<String>,
    },
    /// A representation that is not offered.
    #[error("None of these media types are available: {0}")]
    MediaType(String),
    /// One object was asked for, and there is another number of them.
    #[error("Cannot coerce the result to a single JSON object")]
    NotSingular(i64),
    /// `Prefer: handling=strict` with preferences that nobody knows.
    #[error("Invalid preferences given with handling=strict")]
    Preferences(Vec<String>),
    /// More rows would change than `max-affected` allows.
    #[error("Query result exceeds max-affected preference constraint")]
    MaxAffected(i64),
    /// An update or delete of the whole table that did not say how many rows it may change.
    #[error("{0} requires a WHERE clause")]
    Unfiltered(&'static str),
    /// An update or delete with `limit` or `offset`, which SQL does not know.
    #[error("limit and offset cannot be used with {0}")]
    Limited(&'static str),
    /// A body or `columns` with a key that is no column.
    #[error("Could not find the '{column}' column of '{table}' in the schema cache")]
    UnknownKey {
        /// The key.
        column: String,
        /// The table.
        table: String,
    },
    /// A filter, order or select by something that is no column.
    #[error("column {table}.{column} does not exist")]
    UnknownColumn {
        /// The name.
        column: String,
        /// The table.
        table: String,
    },
    /// A table that is not there.
    #[error("Could not find the table '{schema}.{table}' in the schema cache")]
    UnknownTable {
        /// Where it was looked for.
        schema: String,
        /// Its name.
        table: String,
    },
    /// A cast to a type that is not offered.
    #[error("type \"{0}\" does not exist")]
    UnknownType(String),
    /// An `Idempotency-Key` that is none.
    #[error("the Idempotency-Key is not one of 1 to {MOST_KEY_BYTES} visible ASCII characters")]
    KeyForm,
    /// An `Idempotency-Key` whose first request is not answered yet.
    #[error("a request with this Idempotency-Key is being answered")]
    KeyUnderWay,
    /// An `Idempotency-Key` that came with another request before.
    #[error("this Idempotency-Key came with another request before")]
    KeyReused,
    /// A change whose answer is too large to be kept for its `Idempotency-Key`; it was not done.
    #[error("the answer is too large to be kept for its Idempotency-Key, so nothing was changed")]
    KeyAnswer(usize),
    /// A table without primary key, which no change can be carried over for.
    #[error("the table '{0}' has no primary key, so its changes cannot be mirrored")]
    NoKey(String),
}

impl DataError {
    /// The code by which clients tell errors apart: PostgREST's own, or PostgreSQL's.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Grammar(GrammarError::Syntax { .. }) => "PGRST100",
            Self::Grammar(GrammarError::NotImplemented(_)) => "PGRST127",
            Self::Grammar(GrammarError::NotEmbedded(_)) => "PGRST108",
            Self::Body(_) => "PGRST102",
            Self::Range(_) => "PGRST103",
            Self::Schema { .. } => "PGRST106",
            Self::MediaType(_) => "PGRST107",
            Self::NotSingular(_) => "PGRST116",
            Self::Preferences(_) => "PGRST122",
            Self::MaxAffected(_) => "PGRST124",
            Self::UnknownKey { .. } => "PGRST204",
            Self::UnknownTable { .. } => "PGRST205",
            Self::Limited(_) => "PGRST109",
            Self::Unfiltered(_) => "21000",
            Self::UnknownColumn { .. } => "42703",
            Self::UnknownType(_) => "42704",
            Self::NoKey(_) => "55000",
            Self::KeyForm => "IDEMPOTENCY_KEY_INVALID",
            Self::KeyUnderWay => "IDEMPOTENCY_KEY_IN_USE",
            Self::KeyReused => "IDEMPOTENCY_KEY_REUSED",
            Self::KeyAnswer(_) => "IDEMPOTENCY_ANSWER_TOO_LARGE",
        }
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Range(_) => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::Schema { .. } | Self::MediaType(_) | Self::NotSingular(_) => StatusCode::NOT_ACCEPTABLE,
            Self::UnknownTable { .. } => StatusCode::NOT_FOUND,
            Self::KeyUnderWay => StatusCode::CONFLICT,
            Self::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// What more there is to know.
    pub fn details(&self) -> Option<String> {
        match self {
            Self::Grammar(GrammarError::Syntax { details, .. } | GrammarError::NotImplemented(details))
            | Self::Range(details) => Some(details.clone()),
            Self::NotSingular(rows) => Some(format!("The result contains {rows} rows")),
            Self::MaxAffected(rows) => Some(format!("The query affects {rows} rows")),
            Self::KeyAnswer(bytes) => Some(format!("The answer has {bytes} bytes")),
            Self::Preferences(names) => Some(format!("Invalid preferences: {}", names.join(", "))),
            _ => None,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Schema { exposed, .. } => Some(format!(
                "Only the following schemas are exposed: {}",
                exposed.join(", ")
            )),
            Self::Grammar(GrammarError::NotEmbedded(name)) => Some(format!(
                "Verify that '{name}' is included in the 'select' query parameter."
            )),
            Self::Unfiltered(_) => Some(
                "Add a filter, or say with 'Prefer: max-affected=N' how many rows may change.".to_owned(),
            ),
            Self::KeyUnderWay => Some("Ask again in a moment, with the same key.".to_owned()),
            Self::KeyReused => {
                Some("Use a new key for each request, and the same one only to repeat it.".to_owned())
            }
            Self::KeyAnswer(_) => Some("Ask for 'Prefer: return=minimal', or change fewer rows.".to_owned()),
            Self::NoKey(_) => Some("Add a primary key to the table in both databases.".to_owned()),
            _ => None,
        }
    }
}
