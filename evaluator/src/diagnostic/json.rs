//! For editors and scripts.

use serde::Serialize;

use super::{Code, Diagnostic, Severity};
use crate::source::{Sources, Span};

#[derive(Serialize)]
struct Record<'d> {
    code: Code,
    name: &'static str,
    severity: Severity,
    message: &'d str,
    #[serde(flatten)]
    place: Option<Place<'d>>,
    labels: Vec<LabelRecord<'d>>,
    notes: &'d [String],
    help: &'d [String],
    suggestion: Option<SuggestionRecord<'d>>,
}

/// Lines and columns count from 1, columns in characters; the end is the place after the last character.
#[derive(Serialize)]
struct Place<'d> {
    file: &'d str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

#[derive(Serialize)]
struct LabelRecord<'d> {
    #[serde(flatten)]
    place: Option<Place<'d>>,
    text: &'d str,
}

#[derive(Serialize)]
struct SuggestionRecord<'d> {
    message: &'d str,
    edits: Vec<EditRecord<'d>>,
}

#[derive(Serialize)]
struct EditRecord<'d> {
    #[serde(flatten)]
    place: Option<Place<'d>>,
    replacement: &'d str,
}

/// An array of objects, one a diagnostic, in the order given.
pub fn render_json(diagnostics: &[Diagnostic], sources: &Sources) -> serde_json::Value {
    diagnostics
        .iter()
        .map(|diagnostic| record(diagnostic, sources))
        .collect()
}

fn record(diagnostic: &Diagnostic, sources: &Sources) -> serde_json::Value {
    let record = Record {
        code: diagnostic.code,
        name: diagnostic.code.name(),
        severity: diagnostic.severity(),
        message: &diagnostic.message,
        place: place(diagnostic.span(), sources),
        labels: diagnostic
            .labels
            .iter()
            .map(|label| LabelRecord {
                place: place(label.span, sources),
                text: &label.text,
            })
            .collect(),
        notes: &diagnostic.notes,
        help: &diagnostic.help,
        suggestion: diagnostic.suggestion.as_ref().map(|suggestion| SuggestionRecord {
            message: &suggestion.message,
            edits: suggestion
                .edits
                .iter()
                .map(|edit| EditRecord {
                    place: place(edit.span, sources),
                    replacement: &edit.replacement,
                })
                .collect(),
        }),
    };
    // Strings, numbers and lists of them always have a JSON form.
    serde_json::to_value(record).unwrap_or_default()
}

fn place(span: Span, sources: &Sources) -> Option<Place<'_>> {
    let (start, end) = (sources.location(span)?, sources.end_location(span)?);
    Some(Place {
        file: start.path,
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
    })
}
