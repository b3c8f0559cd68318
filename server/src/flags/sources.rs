//! Rules on disk: what is read, and how a change of it is noticed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The largest file that is read as rules or as a segment, in bytes.
const MAX_FILE_BYTES: u64 = 256 << 20;

/// How deep folders are looked into below the rules folder.
const MAX_DEPTH: usize = 8;

/// Everything that rules were read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sources {
    /// Files with their paths relative to the rules folder, in the order of those.
    Files(Vec<(String, Vec<u8>)>),
    /// A built program.
    Module(Vec<u8>),
}

/// Rules that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}", path.display())]
pub struct ReadError {
    path: PathBuf,
    #[source]
    source: io::Error,
}

/// What each file looks like from outside; when it differs, something has changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fingerprint(Vec<(PathBuf, Option<(SystemTime, u64)>)>);

impl ReadError {
    /// Whether there is nothing at all where the rules should be.
    pub fn is_missing(&self) -> bool {
        self.source.kind() == io::ErrorKind::NotFound
    }
}

impl Sources {
    /// Reads a folder of rules, one file of it, or a built `.wasm`.
    ///
    /// Of one file's folder, its `context.yaml` and segments are read too: conditions mean nothing without them.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        if is_module(path) {
            return read_file(path).map(Self::Module);
        }
        let (folder, files) = files(path)?;
        let read = |file: PathBuf| {
            let name = file
                .strip_prefix(&folder)
                .unwrap_or(&file)
                .to_string_lossy()
                .replace('\\', "/");
            Ok((name, read_file(&file)?))
        };
        files
            .into_iter()
            .map(read)
            .collect::<Result<_, _>>()
            .map(Self::Files)
    }

    /// The folder that names of files in the rules at `path` are relative to; none for a built program.
    pub fn folder(path: &Path) -> Option<&Path> {
        if is_module(path) {
            None
        } else if path.is_dir() {
            Some(path)
        } else {
            path.parent()
        }
    }

    /// What the rules at `path` look like now. What cannot be looked at looks like nothing.
    pub fn fingerprint(path: &Path) -> Fingerprint {
        let files = if is_module(path) {
            vec![path.to_owned()]
        } else {
            files(path).map(|(_, files)| files).unwrap_or_default()
        };
        let look = |file: PathBuf| {
            let seen = fs::metadata(&file)
                .and_then(|metadata| Ok((metadata.modified()?, metadata.len())))
                .ok();
            (file, seen)
        };
        Fingerprint(files.into_iter().map(look).collect())
    }
}

/// A folder may be called anything.
fn is_module(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "wasm") && !path.is_dir()
}

/// The rules folder, and the files that belong to the rules, sorted.
fn files(path: &Path) -> Result<(PathBuf, Vec<PathBuf>), ReadError> {
    let metadata = fs::metadata(path).map_err(|source| ReadError {
        path: path.to_owned(),
        source,
    })?;
    let mut files = Vec::new();
    if metadata.is_dir() {
        collect(path, MAX_DEPTH, &mut files)?;
        files.sort();
        return Ok((path.to_owned(), files));
    }
    let folder = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    for shared in ["context.yaml", "context.yml", "context.json"].map(|name| folder.join(name)) {
        if shared.is_file() {
            files.push(shared);
        }
    }
    let segments = folder.join("segments");
    if segments.is_dir() {
        collect(&segments, MAX_DEPTH, &mut files)?;
    }
    files.push(path.to_owned());
    files.sort();
    files.dedup();
    Ok((folder.to_owned(), files))
}

fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), ReadError> {
    let failed = |source| ReadError {
        path: folder.to_owned(),
        source,
    };
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        // Editors' swap files, and what Kubernetes keeps beside the files of a ConfigMap.
        let is_hidden = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if is_hidden {
            continue;
        }
        if path.is_dir() {
            if depth > 0 {
                collect(&path, depth - 1, files)?;
            }
        } else if is_rules_file(&path) {
            files.push(path);
        }
    }
    Ok(())
}

/// Features and the context are YAML or JSON; segments are text. The generated schema is neither.
fn is_rules_file(path: &Path) -> bool {
    let extension = path
        .extension()
        .map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    let is_schema = path.file_name().is_some_and(|name| name == "schema.json");
    !is_schema && matches!(extension.as_deref(), Some("yaml" | "yml" | "json" | "txt"))
}

fn read_file(path: &Path) -> Result<Vec<u8>, ReadError> {
    let failed = |source| ReadError {
        path: path.to_owned(),
        source,
    };
    let length = fs::metadata(path).map_err(failed)?.len();
    if length > MAX_FILE_BYTES {
        let message = format!("it has {length} bytes, more than the {MAX_FILE_BYTES} that rules may have");
        return Err(failed(io::Error::new(io::ErrorKind::FileTooLarge, message)));
    }
    fs::read(path).map_err(failed)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::Sources;

    fn names(sources: &Sources) -> Vec<&str> {
        match sources {
            Sources::Files(files) => files.iter().map(|(name, _)| name.as_str()).collect(),
            Sources::Module(_) => panic!("a module"),
        }
    }

    #[test]
    fn a_folder_is_read_whole_and_in_order_without_what_is_no_rules_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        fs::create_dir(path.join("segments")).unwrap();
        for name in [
            "b.yaml",
            "a.json",
            "context.yaml",
            "segments/testers.txt",
            "schema.json",
            ".b.yaml.swp",
            "README.md",
        ] {
            fs::write(path.join(name), name).unwrap();
        }
        let sources = Sources::read(path).unwrap();
        assert_eq!(
            names(&sources),
            ["a.json", "b.yaml", "context.yaml", "segments/testers.txt"]
        );
        let one = Sources::read(&path.join("b.yaml")).unwrap();
        assert_eq!(names(&one), ["b.yaml", "context.yaml", "segments/testers.txt"]);
    }

    #[test]
    fn a_folder_is_a_folder_even_if_it_is_called_like_a_program() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rules.wasm");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("a.yaml"), "").unwrap();
        assert_eq!(names(&Sources::read(&path).unwrap()), ["a.yaml"]);
        assert_eq!(Sources::folder(&path), Some(path.as_path()));
    }

    #[test]
    fn what_is_not_there_is_an_error_that_names_it() {
        let error = Sources::read("no/such/rules".as_ref()).unwrap_err();
        assert_eq!(error.to_string(), "cannot read no/such/rules");
        assert!(error.is_missing());
    }

    #[test]
    fn any_change_of_a_file_changes_the_fingerprint() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        fs::write(path.join("a.yaml"), "1").unwrap();
        let first = Sources::fingerprint(path);
        assert_eq!(Sources::fingerprint(path), first);
        fs::write(path.join("a.yaml"), "12").unwrap();
        let second = Sources::fingerprint(path);
        assert_ne!(second, first);
        fs::write(path.join("b.yaml"), "1").unwrap();
        let third = Sources::fingerprint(path);
        assert_ne!(third, second);
        fs::remove_file(path.join("a.yaml")).unwrap();
        assert_ne!(Sources::fingerprint(path), third);
    }
}
