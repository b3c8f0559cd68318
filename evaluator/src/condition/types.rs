//! Types as people read them.

use std::fmt;

use super::Type;

impl Type {
    /// Int, uint or double: these compare with each other by value.
    pub fn is_number(&self) -> bool {
        matches!(self, Type::Int | Type::Uint | Type::Double)
    }

    /// Whether values of both types can be asked for equality.
    pub(super) fn compares_with(&self, other: &Type) -> bool {
        match (self, other) {
            (Type::List(left), Type::List(right)) => left.compares_with(right),
            _ => self == other || (self.is_number() && other.is_number()),
        }
    }

    /// "a string", "an int"
    pub(crate) fn with_article(&self) -> String {
        let article = if matches!(self, Type::Int) { "an" } else { "a" };
        format!("{article} {self}")
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Type::Bool => "bool",
            Type::Int => "int",
            Type::Uint => "uint",
            Type::Double => "double",
            Type::String => "string",
            Type::Timestamp => "timestamp",
            Type::Duration => "duration",
            Type::Semver => "semver",
            Type::List(element) => return write!(f, "list({element})"),
        })
    }
}
