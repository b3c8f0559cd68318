//! Revisions of the rules, and who made them.
//!
//! Where one server runs from a folder, the files there are the truth, and their history lies beside them ([`folder`]).
//! Where several servers run, revisions in the old database are, and every server follows them ([`database`]).

mod database;
mod folder;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::compiled::RulesError;
use super::sources::{ReadError, Sources};
use crate::databases::DatabaseError;

pub use database::{DatabaseHistory, Following};
pub use folder::FolderHistory;

/// Files of rules by their paths, relative to the rules folder.
pub type Files = BTreeMap<String, String>;

/// Where revisions are kept.
#[derive(Clone)]
pub enum History {
    /// Beside the files of a folder.
    Folder(FolderHistory),
    /// In the old database.
    Database(DatabaseHistory),
}

/// A revision that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Recorded {
    /// Its number; later ones are larger.
    pub id: i64,
    /// When it was made, in RFC 3339.
    pub at: String,
    /// Who says to have made it.
    pub author: String,
    /// Why.
    pub reason: String,
    /// The version of the rules: a hash of the files.
    pub version: String,
}

/// A revision to be made.
#[derive(Debug, Clone)]
pub struct NewRevision {
    /// Who says to make it.
    pub author: String,
    /// Why.
    pub reason: String,
    /// The version that the files make.
    pub version: String,
    /// All files.
    pub files: Files,
}

/// What was done through the API, and by whom. Entries are only ever added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Audited {
    /// When, in RFC 3339.
    pub at: String,
    /// The token that allowed it, by the beginning of its hash; `anyone` where none is needed.
    pub token: String,
    /// Who says to have done it.
    pub author: String,
    /// What was done.
    pub action: String,
    /// Why.
    pub reason: String,
}

/// Files as they are now, and the revision that they are, if they are one.
#[derive(Debug, Clone)]
pub struct Current {
    /// The revision that a change is made to; the next must come directly after it.
    pub revision: Option<i64>,
    /// All files.
    pub files: Files,
}

/// Revisions that cannot be read or made.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The rules themselves cannot be read.
    #[error(transparent)]
    Rules(#[from] ReadError),
    /// A file of the history cannot be read or written.
    #[error("the history in {path} cannot be used")]
    Folder {
        /// The file.
        path: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The database cannot be asked.
    #[error("the revisions cannot be had from the database")]
    Database(#[from] DatabaseError),
    /// What is kept is not of this version's form.
    #[error("what is kept of the history is not what this version wrote")]
    Form(#[from] serde_json::Error),
    /// There is no such revision.
    #[error("there is no revision {0}")]
    Unknown(i64),
    /// Another change came first.
    #[error("the rules have been changed meanwhile; read them again")]
    Conflict,
    /// A built program has no files.
    #[error("the server runs a built program, which has no files to change")]
    Program,
}

impl History {
    /// The files that a change would be made to.
    pub async fn current(&self) -> Result<Current, HistoryError> {
        match self {
            Self::Folder(folder) => folder.current(),
            Self::Database(database) => database.current().await,
        }
    }

    /// Makes a revision directly after `after`.
    pub async fn commit(&self, after: Option<i64>, revision: NewRevision) -> Result<Recorded, HistoryError> {
        match self {
            Self::Folder(folder) => folder.commit(&revision),
            Self::Database(database) => database.commit(after, &revision).await,
        }
    }

    /// The latest revisions, newest first.
    pub async fn list(&self, most: usize) -> Result<Vec<Recorded>, HistoryError> {
        match self {
            Self::Folder(folder) => folder.list(most),
            Self::Database(database) => database.list(most).await,
        }
    }

    /// A revision with its files.
    pub async fn get(&self, id: i64) -> Result<(Recorded, Files), HistoryError> {
        match self {
            Self::Folder(folder) => folder.get(id),
            Self::Database(database) => database.get(id).await,
        }
    }

    /// Notes what was done.
    pub async fn audit(&self, entry: Audited) -> Result<(), HistoryError> {
        match self {
            Self::Folder(folder) => folder.audit(&entry),
            Self::Database(database) => database.audit(&entry).await,
        }
    }

    /// What was done, newest first.
    pub async fn audited(&self, most: usize) -> Result<Vec<Audited>, HistoryError> {
        match self {
            Self::Folder(folder) => folder.audited(most),
            Self::Database(database) => database.audited(most).await,
        }
    }
}

/// Files as they are compiled from.
pub fn sources_of(files: &Files) -> Sources {
    let files = files
        .iter()
        .map(|(path, text)| (path.clone(), text.clone().into_bytes()));
    Sources::Files(files.collect())
}

/// The same, from what was read; what is not UTF-8 is refused, as it would be by the checker.
pub(super) fn files_of(sources: Sources) -> Result<Files, HistoryError> {
    match sources {
        Sources::Module(_) => Err(HistoryError::Program),
        Sources::Files(files) => Ok(files
            .into_iter()
            .map(|(path, bytes)| (path, String::from_utf8_lossy(&bytes).into_owned()))
            .collect()),
    }
}

/// Reads a folder whole, for `crossfade push`.
pub fn read_folder(path: &std::path::Path) -> Result<Files, RulesError> {
    match Sources::read(path)? {
        Sources::Module(_) => Ok(Files::new()),
        files @ Sources::Files(_) => Ok(files_of(files).unwrap_or_default()),
    }
}

fn now() -> String {
    jiff::Timestamp::now().to_string()
}
