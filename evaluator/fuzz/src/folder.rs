//! A folder of rules as one text, which can be mutated as one: a line `=== path` before each file.

/// A folder's files, as the loader takes them.
pub type Files = Vec<(String, Vec<u8>)>;

const MARK: &[u8] = b"=== ";

/// Takes bytes apart. What stands before the first mark is the feature `feature.yaml`.
pub fn folder(bytes: &[u8]) -> Files {
    let mut files: Files = vec![("feature.yaml".to_owned(), Vec::new())];
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if let Some(path) = line.strip_prefix(MARK) {
            let path = String::from_utf8_lossy(path.trim_ascii()).into_owned();
            files.push((path, Vec::new()));
        } else if let Some((_, text)) = files.last_mut() {
            text.extend_from_slice(line);
        }
    }
    files.retain(|(_, text)| !text.is_empty());
    files
}

/// The bytes that are taken apart into these files.
pub fn seed<'f>(files: impl IntoIterator<Item = &'f (String, Vec<u8>)>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (path, text) in files {
        bytes.extend_from_slice(MARK);
        bytes.extend_from_slice(path.as_bytes());
        bytes.push(b'\n');
        bytes.extend_from_slice(text);
        if !text.ends_with(b"\n") {
            bytes.push(b'\n');
        }
    }
    bytes
}
