//! The body of an insert or update: objects whose keys are columns.
//!
//! Values are never read here: the JSON goes to PostgreSQL as it came, so that no number loses a digit.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::error::DataError;

/// The most sets of keys that the objects of one body may have.
const MAX_GROUPS: usize = 64;

/// A body's rows, those with the same columns together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// In the order of their first rows. Empty for an empty array.
    pub groups: Vec<Rows>,
}

/// Rows that have the same columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows {
    /// The columns that are written, in alphabetical order, so that the same columns make the same statement.
    pub columns: Vec<String>,
    /// A JSON array of objects; keys that are no columns of the above are not looked at.
    pub json: String,
    /// How many objects.
    pub objects: usize,
}

/// What a row gets in a column that its object does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Missing {
    /// NULL.
    #[default]
    Null,
    /// The column's default.
    Default,
}

impl Body {
    /// Reads an object or an array of objects. `columns` are the keys to write; absent, all objects must have the
    /// same ones.
    pub fn parse(bytes: &[u8], columns: Option<&[String]>, missing: Missing) -> Result<Self, DataError> {
        let text = std::str::from_utf8(bytes).map_err(|_| invalid())?.trim();
        let objects: Vec<&str> = if text.starts_with('{') {
            vec![text]
        } else {
            serde_json::from_str::<Vec<&RawValue>>(text)
                .map_err(|_| invalid())?
                .into_iter()
                .map(RawValue::get)
                .collect()
        };
        let mut groups: Vec<(BTreeSet<String>, Vec<&str>)> = Vec::new();
        for object in objects {
            let keys = keys_of(object)?;
            let written = match (columns, missing) {
                (Some(columns), Missing::Null) => columns.iter().cloned().collect(),
                (Some(columns), Missing::Default) => {
                    keys.into_iter().filter(|key| columns.contains(key)).collect()
                }
                (None, _) => keys,
            };
            // SQL says one row of defaults at a time, so objects without columns are groups of their own.
            let known = groups
                .iter_mut()
                .find(|(known, _)| *known == written && !written.is_empty());
            if let Some((_, objects)) = known {
                objects.push(object);
            } else if columns.is_none() && !groups.is_empty() {
                return Err(DataError::Body("All object keys must match".to_owned()));
            } else {
                groups.push((written, vec![object]));
            }
        }
        if groups.len() > MAX_GROUPS {
            return Err(DataError::Body(format!(
                "The objects have more than {MAX_GROUPS} different sets of keys"
            )));
        }
        Ok(Self { groups: rows(groups) })
    }

    /// The one row of an update.
    pub fn into_single(self) -> Result<Rows, DataError> {
        let mut groups = self.groups.into_iter();
        match (groups.next(), groups.next()) {
            (Some(rows), None) if rows.objects == 1 => Ok(rows),
            _ => Err(DataError::Body("An update takes one object".to_owned())),
        }
    }
}

fn rows(groups: Vec<(BTreeSet<String>, Vec<&str>)>) -> Vec<Rows> {
    let rows = |(columns, objects): (BTreeSet<String>, Vec<&str>)| Rows {
        columns: columns.into_iter().collect(),
        json: format!("[{}]", objects.join(",")),
        objects: objects.len(),
    };
    groups.into_iter().map(rows).collect()
}

fn keys_of(object: &str) -> Result<BTreeSet<String>, DataError> {
    serde_json::from_str::<Keys>(object)
        .map(|keys| keys.0)
        .map_err(|_| invalid())
}

fn invalid() -> DataError {
    DataError::Body("Empty or invalid json".to_owned())
}

/// The keys of a JSON object.
struct Keys(BTreeSet<String>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(KeysVisitor)
    }
}

struct KeysVisitor;

impl<'de> Visitor<'de> for KeysVisitor {
    type Value = Keys;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
        let mut keys = BTreeSet::new();
        while let Some((key, IgnoredAny)) = map.next_entry::<Cow<'de, str>, IgnoredAny>()? {
            keys.insert(key.into_owned());
        }
        Ok(Keys(keys))
    }
}

#[cfg(test)]
mod tests {
    use super::{Body, DataError, Missing};

    fn groups(
        text: &str,
        columns: Option<&[&str]>,
        missing: Missing,
    ) -> Result<Vec<(String, String)>, DataError> {
        let columns: Option<Vec<String>> =
            columns.map(|names| names.iter().map(|&name| name.to_owned()).collect());
        let body = Body::parse(text.as_bytes(), columns.as_deref(), missing)?;
        Ok(body
            .groups
            .into_iter()
            .map(|rows| (rows.columns.join(","), rows.json))
            .collect())
    }

    fn one(columns: &str, json: &str) -> Vec<(String, String)> {
        vec![(columns.to_owned(), json.to_owned())]
    }

    #[test]
    fn an_object_is_an_array_of_one() {
        let read = groups(r#" {"b":1,"a":12345678901234567890.10} "#, None, Missing::Null).unwrap();
        assert_eq!(read, one("a,b", r#"[{"b":1,"a":12345678901234567890.10}]"#));
    }

    #[test]
    fn objects_with_the_same_keys_go_together() {
        let read = groups(r#"[{"a":1,"b":2}, {"b":3,"a":4}]"#, None, Missing::Null).unwrap();
        assert_eq!(read, one("a,b", r#"[{"a":1,"b":2},{"b":3,"a":4}]"#));
    }

    #[test]
    fn objects_with_different_keys_need_the_columns_said() {
        let text = r#"[{"a":1},{"b":2}]"#;
        assert_eq!(
            groups(text, None, Missing::Null),
            Err(DataError::Body("All object keys must match".into()))
        );
        let all = groups(text, Some(&["b", "a"]), Missing::Null).unwrap();
        assert_eq!(all, one("a,b", r#"[{"a":1},{"b":2}]"#));
    }

    #[test]
    fn missing_keys_get_their_defaults_where_asked() {
        let text = r#"[{"a":1,"x":0},{"b":2},{"a":3},{},{}]"#;
        let read = groups(text, Some(&["a", "b"]), Missing::Default).unwrap();
        let expected = [
            ("a", r#"[{"a":1,"x":0},{"a":3}]"#),
            ("b", r#"[{"b":2}]"#),
            ("", "[{}]"),
            ("", "[{}]"),
        ];
        assert_eq!(
            read,
            expected.map(|(columns, json)| (columns.to_owned(), json.to_owned()))
        );
    }

    #[test]
    fn an_empty_array_is_no_rows() {
        assert_eq!(groups("[]", None, Missing::Null).unwrap(), []);
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for text in ["", "null", "1", "\"a\"", "[1]", "[{}", "{\"a\":}", "{\"a\":1}x"] {
            assert_eq!(
                groups(text, None, Missing::Null),
                Err(DataError::Body("Empty or invalid json".into()))
            );
        }
        assert!(Body::parse(b"{\"a\":\"\xff\"}", None, Missing::Null).is_err());
    }

    #[test]
    fn depth_is_left_to_postgresql_and_costs_no_stack_here() {
        let deep = format!("{}1{}", r#"{"a":"#.repeat(100_000), "}".repeat(100_000));
        assert!(groups(&deep, None, Missing::Null).is_ok());
    }

    #[test]
    fn an_update_takes_one_object() {
        let single = |text: &str| {
            Body::parse(text.as_bytes(), None, Missing::Null)
                .unwrap()
                .into_single()
        };
        assert_eq!(single(r#"[{"a":1}]"#).unwrap().columns, ["a"]);
        assert!(single(r#"[{"a":1},{"a":2}]"#).is_err());
        assert!(single("[]").is_err());
    }
}
