//! History beside the files: `.crossfade/` in the rules folder, which no reader of rules looks into.
//!
//! `revisions.jsonl` has a line for each revision, with a hash for each of its files; `blobs/` has each text once, under
//! its hash; `audit.jsonl` has a line for everything that was done. Lines are only ever added.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossfade_evaluator::rules;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Audited, Current, Files, HistoryError, NewRevision, Recorded, files_of, now};
use crate::config::hex;
use crate::flags::sources::Sources;

/// Who edits files is not known to us.
const ON_DISK: &str = "on disk";

/// The history of one folder. Cheap to clone; one process writes it.
#[derive(Debug, Clone)]
pub struct FolderHistory {
    /// What the rules are read from.
    rules: PathBuf,
    folder: PathBuf,
    writing: Arc<Mutex<()>>,
}

/// A line of `revisions.jsonl`.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    #[serde(flatten)]
    recorded: Recorded,
    /// Paths and hashes.
    files: BTreeMap<String, String>,
}

impl FolderHistory {
    /// For the rules at `path`: a folder, or one file in a folder.
    pub fn new(path: &Path) -> Self {
        let folder = Sources::folder(path).unwrap_or(Path::new("."));
        Self {
            rules: path.to_owned(),
            folder: folder.to_owned(),
            writing: Arc::default(),
        }
    }

    pub(super) fn current(&self) -> Result<Current, HistoryError> {
        Ok(Current {
            revision: None,
            files: files_of(Sources::read(&self.rules)?)?,
        })
    }

    /// Writes the files that differ, each in one step; the watcher sees them.
    pub(super) fn commit(&self, revision: &NewRevision) -> Result<Recorded, HistoryError> {
        let _writing = self.writing();
        let before = self.current()?.files;
        self.note_what_was_edited(&before)?;
        let recorded = self.record(revision)?;
        for (path, text) in &revision.files {
            if before.get(path) != Some(text) {
                self.replace(path, text)?;
            }
        }
        for path in before.keys().filter(|path| !revision.files.contains_key(*path)) {
            let path = self.folder.join(path);
            fs::remove_file(&path).map_err(failed(&path))?;
        }
        Ok(recorded)
    }

    pub(super) fn list(&self, most: usize) -> Result<Vec<Recorded>, HistoryError> {
        {
            let _writing = self.writing();
            self.note_what_was_edited(&self.current()?.files)?;
        }
        let lines = self.lines()?;
        Ok(lines
            .into_iter()
            .rev()
            .take(most)
            .map(|line| line.recorded)
            .collect())
    }

    pub(super) fn get(&self, id: i64) -> Result<(Recorded, Files), HistoryError> {
        let line = self.lines()?.into_iter().find(|line| line.recorded.id == id);
        let line = line.ok_or(HistoryError::Unknown(id))?;
        let text = |(path, hash): (String, String)| {
            let blob = self.own("blobs").join(hash);
            Ok((path, fs::read_to_string(&blob).map_err(failed(&blob))?))
        };
        let files: Result<Files, HistoryError> = line.files.into_iter().map(text).collect();
        Ok((line.recorded, files?))
    }

    pub(super) fn audit(&self, entry: &Audited) -> Result<(), HistoryError> {
        let _writing = self.writing();
        self.append("audit.jsonl", entry)
    }

    pub(super) fn audited(&self, most: usize) -> Result<Vec<Audited>, HistoryError> {
        let lines: Vec<Audited> = self.read("audit.jsonl")?;
        Ok(lines.into_iter().rev().take(most).collect())
    }

    /// What somebody changed by hand is a revision too, though nobody said why.
    fn note_what_was_edited(&self, files: &Files) -> Result<(), HistoryError> {
        let bytes: Vec<_> = files
            .iter()
            .map(|(path, text)| (path.clone(), text.clone().into_bytes()))
            .collect();
        let version = rules::load(&bytes).version;
        let last = self.lines()?.pop();
        if last.is_none_or(|last| last.recorded.version != version) {
            self.record(&NewRevision {
                author: ON_DISK.to_owned(),
                reason: String::new(),
                version,
                files: files.clone(),
            })?;
        }
        Ok(())
    }

    fn record(&self, revision: &NewRevision) -> Result<Recorded, HistoryError> {
        let last = self.lines()?.pop().map_or(0, |line| line.recorded.id);
        let mut files = BTreeMap::new();
        for (path, text) in &revision.files {
            files.insert(path.clone(), self.keep(text)?);
        }
        let recorded = Recorded {
            id: last + 1,
            at: now(),
            author: revision.author.clone(),
            reason: revision.reason.clone(),
            version: revision.version.clone(),
        };
        let line = Line {
            recorded: recorded.clone(),
            files,
        };
        self.append("revisions.jsonl", &line)?;
        Ok(recorded)
    }

    /// Keeps a text under its hash.
    fn keep(&self, text: &str) -> Result<String, HistoryError> {
        let hash = hex(&Sha256::digest(text.as_bytes()));
        let blobs = self.own("blobs");
        if !blobs.join(&hash).is_file() {
            write_whole(&blobs, &blobs.join(&hash), text).map_err(failed(&blobs))?;
        }
        Ok(hash)
    }

    fn replace(&self, path: &str, text: &str) -> Result<(), HistoryError> {
        let path = self.folder.join(path);
        let folder = path.parent().unwrap_or(&self.folder);
        write_whole(folder, &path, text).map_err(failed(&path))
    }

    fn lines(&self) -> Result<Vec<Line>, HistoryError> {
        self.read("revisions.jsonl")
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Vec<T>, HistoryError> {
        let path = self.own(name);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            text => text.map_err(failed(&path))?,
        };
        // A line that a crash cut short has no end.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole
            .lines()
            .map(|line| Ok(serde_json::from_str(line)?))
            .collect()
    }

    fn append(&self, name: &str, entry: &impl Serialize) -> Result<(), HistoryError> {
        let path = self.own(name);
        let mut line = serde_json::to_string(entry)?;
        line.push('\n');
        let append = || -> io::Result<()> {
            fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
            let mut file = OpenOptions::new().append(true).create(true).open(&path)?;
            file.write_all(line.as_bytes())?;
            file.sync_data()
        };
        append().map_err(failed(&path))
    }

    fn own(&self, name: &str) -> PathBuf {
        self.folder.join(".crossfade").join(name)
    }

    fn writing(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whoever reads the file finds the old text or the new one, whole.
fn write_whole(folder: &Path, path: &Path, text: &str) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut unfinished = tempfile::Builder::new()
        .prefix(".unfinished")
        .tempfile_in(folder)?;
    unfinished.write_all(text.as_bytes())?;
    unfinished.as_file().sync_all()?;
    let persisted = unfinished.persist(path)?;
    // Made for one's own eyes; rules are for whoever could read them before.
    #[cfg(unix)]
    persisted.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    Ok(())
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> HistoryError {
    let path = path.display().to_string();
    |source| HistoryError::Folder { path, source }
}
