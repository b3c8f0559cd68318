//! For people: the source with what is wrong underlined, in the manner of rustc.

use annotate_snippets::{AnnotationKind, Group, Level, Patch, Renderer, Snippet, renderer::DecorStyle};

use super::{Diagnostic, Severity};
use crate::source::{FileId, Sources, Span};

/// Longer lines and larger files are cut to what stands around the place before they are rendered.
const SURROUNDINGS_BYTES: usize = 4096;

/// Every diagnostic with its source, in the order given.
pub fn render_text(diagnostics: &[Diagnostic], sources: &Sources, colour: bool) -> String {
    let renderer = if colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let mut text = String::new();
    for diagnostic in diagnostics {
        text.push_str(renderer.render(&groups(diagnostic, sources)).trim_end());
        text.push_str("\n\n");
    }
    text
}

fn groups<'d>(diagnostic: &'d Diagnostic, sources: &'d Sources) -> Vec<Group<'d>> {
    let level = match diagnostic.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(
        level
            .primary_title(diagnostic.message.as_str())
            .id(diagnostic.code.as_str()),
    );
    for file in files(diagnostic) {
        if let Some(snippet) = annotated(diagnostic, file, sources) {
            group = group.element(snippet);
        }
    }
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(note.as_str()));
    }
    for help in &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    let mut groups = vec![group];
    groups.extend(suggested(diagnostic, sources));
    groups
}

/// The files that the labels lie in, the first label's first.
fn files(diagnostic: &Diagnostic) -> Vec<FileId> {
    let mut files = Vec::new();
    for label in &diagnostic.labels {
        if !files.contains(&label.span.file) {
            files.push(label.span.file);
        }
    }
    files
}

fn annotated<'d>(
    diagnostic: &'d Diagnostic,
    file: FileId,
    sources: &'d Sources,
) -> Option<Snippet<'d, annotate_snippets::Annotation<'d>>> {
    let here = || {
        diagnostic
            .labels
            .iter()
            .enumerate()
            .filter(|(_, label)| label.span.file == file)
    };
    let window = Window::around(here().map(|(_, label)| label.span), file, sources)?;
    let mut snippet = Snippet::source(window.text)
        .line_start(window.line)
        .path(window.path);
    for (position, label) in here() {
        let kind = if position == 0 {
            AnnotationKind::Primary
        } else {
            AnnotationKind::Context
        };
        let mut annotation = kind.span(window.range(label.span));
        if !label.text.is_empty() {
            annotation = annotation.label(label.text.as_str());
        }
        snippet = snippet.annotation(annotation);
    }
    Some(snippet)
}

fn suggested<'d>(diagnostic: &'d Diagnostic, sources: &'d Sources) -> Option<Group<'d>> {
    let suggestion = diagnostic.suggestion.as_ref()?;
    let file = suggestion.edits.first()?.span.file;
    let window = Window::around(suggestion.edits.iter().map(|edit| edit.span), file, sources)?;
    let mut snippet = Snippet::source(window.text)
        .line_start(window.line)
        .path(window.path);
    for edit in suggestion.edits.iter().filter(|edit| edit.span.file == file) {
        snippet = snippet.patch(Patch::new(window.range(edit.span), edit.replacement.as_str()));
    }
    Some(Group::with_title(Level::HELP.secondary_title(suggestion.message.as_str())).element(snippet))
}

/// The lines around some places of a source: the renderer reads all it is given for every diagnostic.
struct Window<'s> {
    path: &'s str,
    text: &'s str,
    start: usize,
    line: usize,
}

impl<'s> Window<'s> {
    fn around(spans: impl Iterator<Item = Span>, file: FileId, sources: &'s Sources) -> Option<Window<'s>> {
        let source = sources.get(file)?;
        let text = source.text();
        let (first, last) = spans
            .filter(|span| span.file == file)
            .map(|span| (span.start as usize, span.end as usize))
            .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))?;
        let earliest = boundary(text, first.saturating_sub(SURROUNDINGS_BYTES));
        let latest = boundary(text, last.saturating_add(SURROUNDINGS_BYTES).min(text.len()));
        let line_start = text
            .get(earliest..first)?
            .rfind('\n')
            .map_or(earliest, |line| earliest + line + 1);
        let line_end = text
            .get(last..latest)?
            .find('\n')
            .map_or(latest, |line| last + line);
        let location = sources.location(Span {
            file,
            start: u32::try_from(line_start).ok()?,
            end: 0,
        })?;
        Some(Window {
            path: source.path(),
            text: text.get(line_start..line_end)?,
            start: line_start,
            line: location.line,
        })
    }

    fn range(&self, span: Span) -> std::ops::Range<usize> {
        let inside = |offset: u32| (offset as usize).saturating_sub(self.start).min(self.text.len());
        inside(span.start)..inside(span.end)
    }
}

fn boundary(text: &str, near: usize) -> usize {
    (0..=near)
        .rev()
        .find(|offset| text.is_char_boundary(*offset))
        .unwrap_or(0)
}
