//! A database's own refusal, in the codes and statuses that PostgREST's clients know.

use actix_web::http::StatusCode;
use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error};

/// What PostgreSQL said of a statement, ready for a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// PostgreSQL's SQLSTATE.
    pub code: &'static str,
    /// The status that PostgREST gives it.
    pub status: StatusCode,
    /// PostgreSQL's message.
    pub message: String,
    /// Its detail.
    pub details: Option<String>,
    /// Its hint.
    pub hint: Option<String>,
}

impl Refusal {
    /// What a client may know of an error; `None` where it is not PostgreSQL's word on a statement.
    pub fn new(error: &Error) -> Option<Self> {
        let Error::DatabaseError(kind, information) = error else {
            return None;
        };
        let code = sqlstate(*kind, information.as_ref())?;
        Some(Self {
            code,
            status: status(code),
            message: information.message().to_owned(),
            details: information.details().map(str::to_owned),
            hint: information.hint().map(str::to_owned),
        })
    }
}

/// A user's `raise exception`, in a trigger say: the only messages that are not PostgreSQL's own.
const RAISED: &str = "P0001";

/// The driver tells apart only the codes that diesel has a kind for. The others are known by their messages, which
/// are PostgreSQL's own in English: what begins so, or ends so, is this code. What nothing here knows is taken for
/// a message of the user's own.
const BY_MESSAGE: [(&str, &str, &str); 37] = [
    ("invalid input syntax for type timestamp", "", "22007"),
    ("invalid input syntax for type date", "", "22007"),
    ("invalid input syntax for type time", "", "22007"),
    ("invalid input syntax for type interval", "", "22007"),
    ("invalid input syntax", "", "22P02"),
    ("invalid input value for enum", "", "22P02"),
    ("malformed array literal", "", "22P02"),
    ("malformed range literal", "", "22P02"),
    ("malformed record literal", "", "22P02"),
    ("date/time field value out of range", "", "22008"),
    ("numeric field overflow", "", "22003"),
    ("value ", "out of range", "22003"),
    ("value ", "is out of range for type", "22003"),
    ("", "out of range", "22003"),
    ("value too long for type", "", "22001"),
    ("bit string", "", "22026"),
    ("division by zero", "", "22012"),
    ("unsupported Unicode escape sequence", "", "22P05"),
    ("invalid byte sequence for encoding", "", "22021"),
    ("invalid regular expression", "", "2201B"),
    ("syntax error in tsquery", "", "42601"),
    ("cannot call json_to_recordset", "", "22023"),
    ("permission denied", "", "42501"),
    ("new row violates row-level security policy", "", "42501"),
    ("operator does not exist", "", "42883"),
    ("function ", "does not exist", "42883"),
    ("relation ", "does not exist", "42P01"),
    ("column ", "does not exist", "42703"),
    ("text search configuration", "does not exist", "42704"),
    ("type ", "does not exist", "42704"),
    ("cannot cast type", "", "42846"),
    ("cannot insert a non-DEFAULT value into column", "", "428C9"),
    ("column ", "can only be updated to DEFAULT", "428C9"),
    (
        "there is no unique or exclusion constraint matching the ON CONFLICT specification",
        "",
        "42P10",
    ),
    (
        "ON CONFLICT DO UPDATE command cannot affect row a second time",
        "",
        "21000",
    ),
    ("canceling statement due to", "", "57014"),
    ("stack depth limit exceeded", "", "54001"),
];

fn sqlstate(kind: DatabaseErrorKind, information: &dyn DatabaseErrorInformation) -> Option<&'static str> {
    Some(match kind {
        DatabaseErrorKind::UniqueViolation => "23505",
        DatabaseErrorKind::ForeignKeyViolation => "23503",
        DatabaseErrorKind::NotNullViolation => "23502",
        DatabaseErrorKind::CheckViolation => "23514",
        DatabaseErrorKind::ExclusionViolation => "23P01",
        DatabaseErrorKind::RestrictViolation => "23001",
        DatabaseErrorKind::SerializationFailure => "40001",
        DatabaseErrorKind::ReadOnlyTransaction => "25006",
        DatabaseErrorKind::Unknown => by_message(information.message()),
        _ => return None,
    })
}

fn by_message(message: &str) -> &'static str {
    if message == "deadlock detected" {
        return "40P01";
    }
    let fits = |(start, part, _): &&(&str, &str, &str)| message.starts_with(start) && message.contains(part);
    BY_MESSAGE.iter().find(fits).map_or(RAISED, |(_, _, code)| code)
}

/// As PostgREST maps them.
fn status(code: &str) -> StatusCode {
    match code {
        "23503" | "23505" => StatusCode::CONFLICT,
        "25006" => StatusCode::METHOD_NOT_ALLOWED,
        "42883" | "42P01" => StatusCode::NOT_FOUND,
        "42501" => StatusCode::FORBIDDEN,
        "40001" | "40P01" | "54001" | "57014" => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    }
}
