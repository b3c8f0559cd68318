//! What a database consists of, object by object, and its fingerprint.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::SchemaError;
use crate::databases::{DatabaseError, Databases, Side, Statement};

/// Everything in a database that is structure: kind and name to definition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Structure(pub(super) BTreeMap<(String, String), Option<String>>);

/// Changes whenever any object does.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

#[derive(Deserialize)]
struct Row {
    kind: String,
    name: String,
    definition: Option<String>,
}

impl Structure {
    /// What the database consists of now; nothing of the system's, of extensions' or of Crossfade's.
    pub async fn read(databases: &Databases, side: Side) -> Result<Self, SchemaError> {
        let mut connection = databases.mirror_session(side).await?;
        let question = format!(
            "select row_to_json(object)::text from (\n{}\n) object",
            include_str!("structure.sql")
        );
        let rows = Statement::new(question)
            .texts_of_rows(&mut connection)
            .await
            .map_err(DatabaseError::statement(side))?;
        let objects = rows.iter().flatten().map(|row| {
            let row: Row =
                serde_json::from_str(row).map_err(|source| SchemaError::Unreadable { side, source })?;
            Ok(((row.kind, row.name), row.definition))
        });
        objects.collect::<Result<_, SchemaError>>().map(Self)
    }

    /// How many objects there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True where there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// To be kept, and compared with a later one of the same database: equal only if nothing has changed. Databases of
    /// different versions write some objects differently, so it says nothing about two of them.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let mut hash = Sha256::new();
        for ((kind, name), definition) in &self.0 {
            for part in [kind, name, definition.as_deref().unwrap_or_default()] {
                // Lengths keep parts apart whatever they contain.
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part.as_bytes());
            }
        }
        let mut hex = String::new();
        for byte in hash.finalize() {
            // Writing into a string cannot fail.
            _ = write!(hex, "{byte:02x}");
        }
        Fingerprint(hex)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromIterator<((String, String), Option<String>)> for Structure {
    fn from_iter<I: IntoIterator<Item = ((String, String), Option<String>)>>(objects: I) -> Self {
        Self(objects.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn structure(objects: &[(&str, &str, &str)]) -> Structure {
        let owned = |(kind, name, definition): &(&str, &str, &str)| {
            ((kind.to_string(), name.to_string()), Some(definition.to_string()))
        };
        objects.iter().map(owned).collect()
    }

    #[test]
    fn a_fingerprint_changes_with_any_object_and_not_with_their_order() {
        let both = structure(&[("table", "a", ""), ("table", "b", "unlogged")]);
        let turned = structure(&[("table", "b", "unlogged"), ("table", "a", "")]);
        assert_eq!(both.fingerprint(), turned.fingerprint());
        for other in [
            structure(&[("table", "a", "")]),
            structure(&[("table", "a", ""), ("table", "bu", "nlogged")]),
            structure(&[("view", "a", ""), ("table", "b", "unlogged")]),
        ] {
            assert_ne!(both.fingerprint(), other.fingerprint());
        }
    }
}
