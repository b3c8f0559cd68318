//! The demo's rules folder: the repository's rules, and the edits that the story makes to them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const CONTEXT: &str = include_str!("../../../../rules/context.yaml");
const FEATURE: &str = include_str!("../../../../rules/postgres-migration.yaml");

/// A folder of rules that the server watches.
#[derive(Debug)]
pub(super) struct Rules {
    folder: PathBuf,
}

/// Where the story stands in the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chapter {
    /// The repository's rules: testers read from new, a quarter of Pro users in India and the United States moves.
    AsInTheRepository,
    /// All Pro users in India and the United States.
    AllPros,
    /// Everyone.
    Everyone,
}

impl Rules {
    /// The rules in this folder; written there unless it has some already.
    pub(super) fn in_folder(folder: &Path) -> io::Result<Self> {
        let rules = Self {
            folder: folder.to_path_buf(),
        };
        if !rules.feature().exists() {
            fs::create_dir_all(folder)?;
            fs::write(folder.join("context.yaml"), CONTEXT)?;
            rules.turn_to(Chapter::AsInTheRepository)?;
        }
        Ok(rules)
    }

    /// The folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file that says who goes where.
    pub(super) fn feature(&self) -> PathBuf {
        self.folder.join("postgres-migration.yaml")
    }

    /// Edits the feature as the story has it, in one step, so that no half of it is ever read.
    pub(super) fn turn_to(&self, chapter: Chapter) -> io::Result<()> {
        let unfinished = self.folder.join(".postgres-migration.unfinished");
        fs::write(&unfinished, text(chapter))?;
        fs::rename(unfinished, self.feature())
    }
}

fn text(chapter: Chapter) -> String {
    match chapter {
        Chapter::AsInTheRepository => FEATURE.to_owned(),
        Chapter::AllPros => FEATURE.replace("    rollout: 25%\n", ""),
        Chapter::Everyone => {
            // The file's own tests say what held before, so they go with the rules that they were about.
            let all_pros = text(Chapter::AllPros);
            let rules = all_pros
                .split_once("\ntests:")
                .map_or(all_pros.as_str(), |(rules, _)| rules);
            rules
                .replace("serve: testing-groups", "serve: migrated")
                .replace("default: user-groups", "default: migrated")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_chapter_changes_what_it_says() {
        assert!(text(Chapter::AsInTheRepository).contains("rollout: 25%"));
        assert!(!text(Chapter::AllPros).contains("rollout:"));
        let everyone = text(Chapter::Everyone);
        assert!(everyone.contains("default: migrated"), "{everyone}");
        assert_eq!(everyone.matches("serve: migrated").count(), 2, "{everyone}");
        assert!(!everyone.contains("tests:"), "{everyone}");
    }
}
