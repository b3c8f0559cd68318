//! Folders of rules on disk.

use std::fs;
use std::path::Path;

/// Every file below a folder, as `load` takes them: the path from the folder on, and the bytes.
pub(crate) fn folder(root: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).expect("a folder that can be read") {
            let path = entry.expect("an entry that can be read").path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path
                    .strip_prefix(root)
                    .expect("below the root")
                    .to_string_lossy()
                    .into_owned();
                files.push((name, fs::read(&path).expect("a file that can be read")));
            }
        }
    }
    files.sort();
    files
}
