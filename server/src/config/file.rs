//! The configuration file: settings by the names of their flags, in TOML.
//!
//! ```toml
//! listen = "0.0.0.0:8080"
//! pool-size = 32
//! cors-origins = ["https://shop.example"]
//! ```
//!
//! What it says takes the place of the settings' defaults, so that flags and the environment have precedence, and one
//! parser reads a value wherever it comes from.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;
use toml::{Table, Value};

/// Settings by name, as texts that their flags would take.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConfigFile {
    path: PathBuf,
    settings: Vec<(String, Vec<String>)>,
}

/// A file that cannot be used. No message quotes the file, which may hold passwords.
#[derive(Debug, Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// It is no TOML.
    #[error("{}:{line}: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where it is wrong, from 1.
        line: usize,
        /// What is wrong there.
        message: String,
    },
    /// A value is neither a text, a number, true or false, nor a list of such.
    #[error("{}: `{name}` is a table or a date; a setting is a text, a number, true or false, or a list of such", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// The setting.
        name: String,
    },
}

impl ConfigFile {
    /// Reads it.
    pub fn read(path: &Path) -> Result<Self, FileError> {
        let text = fs::read_to_string(path).map_err(|source| FileError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, FileError> {
        let table: Table = text.parse().map_err(|error: toml::de::Error| FileError::Syntax {
            path: path.to_owned(),
            line: error
                .span()
                .and_then(|span| text.get(..span.start))
                .map_or(1, |before| before.matches('\n').count() + 1),
            message: error.message().to_owned(),
        })?;
        let settings = table.into_iter().map(|(name, value)| match texts(value) {
            Some(texts) => Ok((name, texts)),
            None => Err(FileError::Shape {
                path: path.to_owned(),
                name,
            }),
        });
        Ok(Self {
            path: path.to_owned(),
            settings: settings.collect::<Result<_, _>>()?,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it says of a setting.
    pub fn get(&self, name: &str) -> Option<&[String]> {
        let found = self.settings.iter().find(|(known, _)| known == name);
        found.map(|(_, values)| values.as_slice())
    }

    /// The settings that it names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.settings.iter().map(|(name, _)| name.as_str())
    }
}

fn texts(value: Value) -> Option<Vec<String>> {
    match value {
        Value::Array(values) => values.into_iter().map(text).collect(),
        value => text(value).map(|text| vec![text]),
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(truth) => Some(truth.to_string()),
        Value::Datetime(_) | Value::Array(_) | Value::Table(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ConfigFile, String> {
        ConfigFile::parse(Path::new("crossfade.toml"), text).map_err(|error| error.to_string())
    }

    #[test]
    fn values_are_read_as_their_flags_would_be() {
        let file =
            parse("listen = \"127.0.0.1:1\"\npool-size = 4\ncors-origins = [\"https://a\", \"https://b\"]")
                .unwrap();
        assert_eq!(file.get("pool-size"), Some(&["4".to_owned()][..]));
        assert_eq!(file.get("cors-origins").map(<[_]>::len), Some(2));
        assert_eq!(file.get("workers"), None);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place_and_without_its_text() {
        let message = parse("pool-size = 4\ntokens = hunter2 oh\n").unwrap_err();
        assert!(message.starts_with("crossfade.toml:2: "), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
        let message = parse("[server]\nlisten = \"127.0.0.1:1\"").unwrap_err();
        assert!(message.contains("`server` is a table"), "{message}");
    }
}
