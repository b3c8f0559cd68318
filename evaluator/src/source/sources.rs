//! The texts that one run reads.

use std::sync::{Arc, OnceLock};

use super::{FileId, Location, Place, Span};

/// A text with its name.
#[derive(Debug)]
pub struct Source {
    path: String,
    text: String,
    /// Where each line begins; found when the first place is asked for, since most sources have no mistakes.
    line_starts: OnceLock<Vec<u32>>,
}

impl Source {
    /// A text and the path it is known by.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Source {
        Source {
            path: path.into(),
            text: text.into(),
            line_starts: OnceLock::new(),
        }
    }

    /// As the caller named it, relative to the rules folder.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    fn line_starts(&self) -> &[u32] {
        self.line_starts.get_or_init(|| {
            let after_breaks = self.text.bytes().zip(1u32..).filter(|(byte, _)| *byte == b'\n');
            std::iter::once(0)
                .chain(after_breaks.map(|(_, next)| next))
                .collect()
        })
    }

    /// The line (from 1) and column (from 1, in characters) of a byte.
    fn line_and_column(&self, offset: u32) -> (usize, usize) {
        let starts = self.line_starts();
        let line = starts.partition_point(|start| *start <= offset).max(1);
        let before = self
            .text
            .get(starts[line - 1] as usize..offset as usize)
            .unwrap_or_default();
        (line, before.chars().count() + 1)
    }
}

/// The texts that one run reads, by [`FileId`]. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<Arc<Source>>,
}

impl Sources {
    /// Adds a source.
    pub fn add(&mut self, source: Arc<Source>) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(source);
        id
    }

    /// The source a span points into.
    pub fn get(&self, id: FileId) -> Option<&Source> {
        self.files.get(id.0 as usize).map(Arc::as_ref)
    }

    /// Puts another text in a source's place. Clones made before keep the one they have.
    pub(crate) fn replace(&mut self, id: FileId, source: Arc<Source>) {
        if let Some(place) = self.files.get_mut(id.0 as usize) {
            *place = source;
        }
    }

    /// The source itself, to hold on to.
    pub(crate) fn shared(&self, id: FileId) -> Option<Arc<Source>> {
        self.files.get(id.0 as usize).cloned()
    }

    /// Every source, in the order they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.files.iter().map(Arc::as_ref)
    }

    /// Where a span begins; `None` if its source is not here.
    pub fn location(&self, span: Span) -> Option<Location<'_>> {
        self.get(span.file).map(|source| {
            let (line, column) = source.line_and_column(span.start);
            Location {
                path: source.path(),
                line,
                column,
            }
        })
    }

    /// Where a span ends, as [`Sources::location`] says where it begins.
    pub fn end_location(&self, span: Span) -> Option<Location<'_>> {
        self.location(span.at_end())
    }

    /// The line that a span begins in; nowhere if its source is not here.
    pub fn place(&self, span: Span) -> Place {
        let location = self.location(span);
        location.map_or_else(Place::default, |location| Place {
            file: location.path.to_owned(),
            line: location.line,
        })
    }

    /// What a span covers.
    pub fn slice(&self, span: Span) -> &str {
        self.get(span.file)
            .and_then(|source| source.text().get(span.start as usize..span.end as usize))
            .unwrap_or_default()
    }
}
