//! A folder of files to rules.

use std::collections::{HashMap, HashSet};
use std::num::NonZero;
use std::sync::Arc;

use super::context::{self, Vocabulary};
use super::feature::{self, CheckedFeature};
use super::{Rules, folder, segments};
use crate::condition::Environment;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::source::{FileId, Source, Sources, Span};

/// Far above what people write, and little enough to hold a few copies of.
const FILE_BYTES_AT_MOST: usize = 32 << 20;

/// Below this many files to check, threads cost more than they save.
const FILES_A_THREAD: usize = 32;

/// What a folder of rules came to.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// `None` if any diagnostic is an error.
    pub rules: Option<Rules>,
    /// In the order of their places.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts that the diagnostics point into.
    pub sources: Sources,
    /// The version that these texts make, right or wrong; of texts that could not be read, it tells nothing.
    pub version: String,
    /// How much there is, right or wrong.
    pub size: Size,
}

/// How much a folder of rules holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    /// Feature files.
    pub features: usize,
    /// Targeting rules in them, as far as the files could be parsed.
    pub rules: usize,
}

/// Reads and checks a folder: each file's path, relative to the folder and with `/` between its parts, and its bytes.
///
/// `context.yaml` is the context, `segments/*.txt` are segments, and every other `.yaml`, `.yml` and `.json` file but
/// `schema.json` is a feature. Other files are left alone.
pub fn load(files: &[(String, Vec<u8>)]) -> Loaded {
    Loader::default().load(files)
}

/// Reads a folder again and again, and only what changed in it anew.
#[derive(Debug, Default)]
pub struct Loader {
    sources: Sources,
    ids: HashMap<String, FileId>,
    /// The context and segments that the features were checked against.
    vocabulary: Option<Known>,
    /// What each feature's file came to.
    features: HashMap<FileId, (Arc<Source>, Arc<CheckedFeature>)>,
}

#[derive(Debug)]
struct Known {
    of: Vec<(FileId, Arc<Source>)>,
    vocabulary: Arc<Vocabulary>,
}

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Context,
    Segment,
    Feature,
}

/// A file whose text could be read.
struct Text {
    id: FileId,
    source: Arc<Source>,
}

impl Loader {
    /// As [`load`], with what did not change since the last call taken from there.
    pub fn load(&mut self, files: &[(String, Vec<u8>)]) -> Loaded {
        // Rules carry their texts along, and a file that is gone must not come back with them.
        let present: HashSet<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
        if self.ids.keys().any(|path| !present.contains(path.as_str())) {
            *self = Self::default();
        }
        let mut diagnostics = Vec::new();
        let (mut contexts, mut segments, mut features) = (Vec::new(), Vec::new(), Vec::new());
        let mut has_context = false;
        let mut sorted: Vec<&(String, Vec<u8>)> = files.iter().collect();
        sorted.sort_by(|a, b| a.0.cmp(&b.0));
        sorted.dedup_by(|a, b| a.0 == b.0);
        for (path, bytes) in sorted {
            let Some(purpose) = purpose(path) else { continue };
            has_context |= purpose == Purpose::Context;
            let Some(text) = self.text(path, bytes, &mut diagnostics) else {
                continue;
            };
            match purpose {
                Purpose::Context => contexts.push(text),
                Purpose::Segment => segments.push(text),
                Purpose::Feature => features.push(text),
            }
        }
        let lacked_by = features.first().filter(|_| !has_context).map(|text| text.id);
        let vocabulary = self.vocabulary(&contexts, &segments, lacked_by);
        diagnostics.extend(vocabulary.diagnostics.iter().cloned());
        let checked = self.check(&features, &vocabulary);
        diagnostics.extend(checked.iter().flat_map(|feature| &feature.diagnostics).cloned());
        folder::check(&checked, &vocabulary.environment, &mut diagnostics);

        let place = |diagnostic: &Diagnostic| {
            let span = diagnostic.span();
            (
                self.sources.get(span.file).map(Source::path),
                span.start,
                span.end,
            )
        };
        diagnostics.sort_by(|a, b| place(a).cmp(&place(b)));
        let failed = diagnostics
            .iter()
            .any(|diagnostic| diagnostic.severity() == Severity::Error);
        let texts = contexts
            .iter()
            .chain(&segments)
            .chain(&features)
            .map(|text| text.source.as_ref());
        let version = folder::version(texts);
        let rules = (!failed).then(|| self.rules(&checked, &vocabulary.environment, version.clone()));
        Loaded {
            rules,
            diagnostics,
            sources: self.sources.clone(),
            version,
            size: Size {
                features: checked.len(),
                rules: checked.iter().map(|feature| feature.rules).sum(),
            },
        }
    }

    fn rules(&self, checked: &[Arc<CheckedFeature>], environment: &Environment, version: String) -> Rules {
        let mut features: Vec<_> = checked
            .iter()
            .filter_map(|checked| checked.feature.clone())
            .collect();
        features.sort_by(|a, b| a.name.cmp(&b.name));
        Rules {
            environment: environment.clone(),
            features,
            version,
            sources: self.sources.clone(),
        }
    }

    /// The file's text, the same one as last time if it is the same.
    fn text(&mut self, path: &str, bytes: &[u8], diagnostics: &mut Vec<Diagnostic>) -> Option<Text> {
        let readable = bytes.len() <= FILE_BYTES_AT_MOST;
        let text = if readable {
            String::from_utf8_lossy(bytes)
        } else {
            "".into()
        };
        let id = self.id(path, &text);
        let at = |offset: usize| {
            let offset = u32::try_from(offset).unwrap_or(u32::MAX);
            Span {
                file: id,
                start: offset,
                end: offset,
            }
        };
        if !readable {
            let message = format!(
                "a file has at most {} MiB, and this one has {}",
                FILE_BYTES_AT_MOST >> 20,
                bytes.len() >> 20
            );
            diagnostics.push(Diagnostic::new(Code::TooLarge, message, at(0)));
            return None;
        }
        if let Err(error) = std::str::from_utf8(bytes) {
            let mut place = at(error.valid_up_to());
            // The byte is shown as U+FFFD, which is three bytes long.
            place.end += 3;
            diagnostics.push(
                Diagnostic::new(Code::NotUtf8, "this file is not UTF-8", place)
                    .labelled("the first byte that is not")
                    .help("save it as UTF-8"),
            );
            return None;
        }
        let source = self.sources.shared(id)?;
        Some(Text { id, source })
    }

    /// The path's identifier, under which its text now stands.
    fn id(&mut self, path: &str, text: &str) -> FileId {
        if let Some(id) = self.ids.get(path) {
            if self.sources.get(*id).is_none_or(|source| source.text() != text) {
                self.sources.replace(*id, Arc::new(Source::new(path, text)));
            }
            return *id;
        }
        let id = self.sources.add(Arc::new(Source::new(path, text)));
        self.ids.insert(path.to_owned(), id);
        id
    }

    /// The context and segments, read anew only if any of them changed.
    fn vocabulary(
        &mut self,
        contexts: &[Text],
        segments: &[Text],
        lacked_by: Option<FileId>,
    ) -> Arc<Vocabulary> {
        let of: Vec<_> = contexts
            .iter()
            .chain(segments)
            .map(|text| (text.id, Arc::clone(&text.source)))
            .collect();
        if let Some(known) = &self.vocabulary
            && known.vocabulary.lacked_by == lacked_by
            && same_texts(&known.of, &of)
        {
            return Arc::clone(&known.vocabulary);
        }
        let mut diagnostics = Vec::new();
        let segments: Vec<_> = segments
            .iter()
            .map(|text| segments::read(&text.source, text.id, &mut diagnostics))
            .collect();
        let contexts: Vec<_> = contexts
            .iter()
            .map(|text| (text.source.as_ref(), text.id))
            .collect();
        let vocabulary = Arc::new(context::read(&contexts, segments, lacked_by, diagnostics));
        self.vocabulary = Some(Known {
            of,
            vocabulary: Arc::clone(&vocabulary),
        });
        self.features.clear();
        vocabulary
    }

    /// Checks the features that changed, on all cores, and takes the others as they were.
    fn check(&mut self, files: &[Text], vocabulary: &Vocabulary) -> Vec<Arc<CheckedFeature>> {
        let changed: Vec<&Text> = files
            .iter()
            .filter(|text| {
                !self
                    .features
                    .get(&text.id)
                    .is_some_and(|(source, _)| Arc::ptr_eq(source, &text.source))
            })
            .collect();
        let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
        let share = changed.len().div_ceil(threads).max(FILES_A_THREAD);
        let one = |text: &&Text| {
            let checked = feature::check(&text.source, text.id, vocabulary);
            (text.id, (Arc::clone(&text.source), Arc::new(checked)))
        };
        let fresh: Vec<_> = if changed.len() <= share {
            changed.iter().map(one).collect()
        } else {
            std::thread::scope(|scope| {
                let workers: Vec<_> = changed
                    .chunks(share)
                    .map(|chunk| scope.spawn(move || chunk.iter().map(one).collect::<Vec<_>>()))
                    .collect();
                workers
                    .into_iter()
                    .flat_map(|worker| {
                        worker
                            .join()
                            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
                    })
                    .collect()
            })
        };
        let present: HashSet<FileId> = files.iter().map(|text| text.id).collect();
        self.features.retain(|id, _| present.contains(id));
        self.features.extend(fresh);
        files
            .iter()
            .filter_map(|text| {
                self.features
                    .get(&text.id)
                    .map(|(_, checked)| Arc::clone(checked))
            })
            .collect()
    }
}

fn same_texts(a: &[(FileId, Arc<Source>)], b: &[(FileId, Arc<Source>)]) -> bool {
    a.len() == b.len()
        && a.iter()
            .zip(b)
            .all(|(a, b)| a.0 == b.0 && Arc::ptr_eq(&a.1, &b.1))
}

fn purpose(path: &str) -> Option<Purpose> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let (stem, extension) = name.rsplit_once('.')?;
    if stem.is_empty() || path.split('/').any(|part| part.starts_with('.')) {
        return None;
    }
    let in_segments = folder == "segments" || folder.starts_with("segments/");
    match extension {
        "txt" if in_segments => Some(Purpose::Segment),
        "yaml" | "yml" | "json" if folder.is_empty() && stem == "context" => Some(Purpose::Context),
        "yaml" | "yml" | "json" if path != "schema.json" && !in_segments => Some(Purpose::Feature),
        _ => None,
    }
}
