//! The last good rules, kept in a file: what a server starts from where the rules cannot be read, or are wrong.

use std::fs;
use std::io;
use std::path::Path;

use crossfade_evaluator::program;

use super::compiled::RulesError;
use super::live::{Flags, Revision};
use super::sources::Sources;

impl Flags {
    /// As [`Flags::load`]; where that fails, the rules that were kept last run, and those at `path` count as rejected.
    pub fn load_or_last_good(path: &Path, kept: &Path) -> Result<Self, RulesError> {
        let error = match Self::load(path) {
            Ok(flags) => return Ok(flags),
            Err(error) => error,
        };
        let flags = match Sources::read(kept) {
            Ok(sources) => Self::run(path.to_owned(), &sources)?,
            Err(_) => return Err(error),
        };
        log::warn!(
            "the rules at {} cannot be used, so the last good ones run, kept in {}",
            path.display(),
            kept.display()
        );
        flags.reject(&error);
        Ok(flags)
    }
}

impl Revision {
    /// Keeps these rules in a file, sources and all, in one step: whoever reads it finds these or those before, whole.
    pub fn keep(&self, file: &Path) -> io::Result<()> {
        let compiled = self.compiled();
        let mut wasm = compiled.wasm.clone();
        if let Some(rules) = &compiled.rules {
            let files: Vec<_> = rules
                .sources
                .iter()
                .map(|source| (source.path(), source.text()))
                .collect();
            program::add_sources(&mut wasm, files.into_iter()).map_err(io::Error::other)?;
        }
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let unfinished = tempfile::NamedTempFile::new_in(folder)?;
        fs::write(unfinished.path(), &wasm)?;
        unfinished.as_file().sync_all()?;
        unfinished.persist(file)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::super::{Flags, RequestContext};

    const FEATURE: &str = "feature: shop\nvariables: { open: { type: boolean } }\nvariations: { yes: { open: true } }\ndefault: yes\n";

    fn open(flags: &Flags) -> bool {
        let context = serde_json::from_value::<RequestContext>(json!({})).unwrap();
        flags
            .decide("open", &context, |decision| *decision.value == json!(true))
            .unwrap()
    }

    #[test]
    fn where_rules_cannot_be_had_those_kept_last_run_and_it_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let (rules, kept) = (folder.path().join("rules"), folder.path().join("kept.wasm"));
        fs::create_dir(&rules).unwrap();
        fs::write(rules.join("shop.yaml"), FEATURE).unwrap();
        fs::write(rules.join("context.yaml"), "attributes: {}").unwrap();
        let first = Flags::load_or_last_good(&rules, &kept).unwrap();
        first.running().keep(&kept).unwrap();
        assert!(first.rejected().is_none());

        fs::write(rules.join("shop.yaml"), "feature: [").unwrap();
        let wrong = Flags::load_or_last_good(&rules, &kept).unwrap();
        assert!(open(&wrong) && wrong.rejected().is_some());
        assert_eq!(wrong.running().version(), first.running().version());

        fs::remove_dir_all(&rules).unwrap();
        let gone = Flags::load_or_last_good(&rules, &kept).unwrap();
        assert!(open(&gone));
        assert!(gone.rejected().unwrap().message.contains("cannot read"));
    }

    #[test]
    fn with_nothing_kept_rules_that_cannot_be_had_are_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let nowhere = folder.path().join("nowhere");
        assert!(Flags::load_or_last_good(&nowhere, &folder.path().join("kept.wasm")).is_err());
    }
}
