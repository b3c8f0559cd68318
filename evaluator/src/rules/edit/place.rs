//! Where in a text a change is made, and how what is put there is written.

use super::super::yaml::{Entry, Node};

/// A piece of a text, and what takes its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Splice {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) text: String,
}

impl Splice {
    /// The whole text with the change made.
    pub(super) fn apply(&self, text: &str) -> Option<String> {
        Some([text.get(..self.start)?, &self.text, text.get(self.end..)?].concat())
    }
}

/// Another value for a key. Whatever the old one spans goes, from behind the key's colon on: it may have begun on another
/// line.
pub(super) fn replace_value(entry: &Entry, written: &str) -> Splice {
    let (key, value) = (entry.key_span, entry.value.span);
    let is_scalar = matches!(entry.value.kind, super::super::yaml::Kind::Scalar(_));
    if is_scalar && value.end > value.start {
        return Splice {
            start: value.start as usize,
            end: value.end as usize,
            text: written.to_owned(),
        };
    }
    Splice {
        start: key.end as usize,
        end: value.end.max(key.end) as usize,
        text: format!(": {written}"),
    }
}

/// A new key behind one that has a value on its own line.
pub(super) fn add_after(text: &str, mapping: &Node, anchor: &Entry, key: &str, written: &str) -> Splice {
    let end = anchor.value.span.end as usize;
    let key = key_as_in(text, anchor, key);
    if is_flow(text, mapping) {
        return at(end, format!(", {key}: {written}"));
    }
    // Behind the line's comment, if it has one.
    let rest = text.get(end..).unwrap_or_default();
    let line_end = end + rest.find('\n').unwrap_or(rest.len());
    let line_end = line_end - usize::from(text.get(..line_end).is_some_and(|line| line.ends_with('\r')));
    at(line_end, format!("\n{}{key}: {written}", indent(text, anchor)))
}

/// A new key before another one.
pub(super) fn add_before(text: &str, mapping: &Node, anchor: &Entry, key: &str, written: &str) -> Splice {
    let start = anchor.key_span.start as usize;
    let key = key_as_in(text, anchor, key);
    let line = text.get(..start).and_then(|before| before.rsplit('\n').next());
    let is_first = line.is_some_and(|line| line.trim_matches([' ', '-']).is_empty());
    let added = match (is_flow(text, mapping), is_first) {
        (true, false) => format!("{key}: {written}, "),
        (true, true) => format!("{key}: {written},\n{}", indent(text, anchor)),
        (false, _) => format!("{key}: {written}\n{}", indent(text, anchor)),
    };
    at(start, added)
}

fn at(place: usize, text: String) -> Splice {
    Splice {
        start: place,
        end: place,
        text,
    }
}

/// As many blanks as stand before a key; the dash of a list's item counts as one.
fn indent(text: &str, entry: &Entry) -> String {
    let before = text.get(..entry.key_span.start as usize).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    " ".repeat(line.chars().count())
}

/// A key, in quotes where its neighbour is.
fn key_as_in(text: &str, neighbour: &Entry, key: &str) -> String {
    let written = text.get(neighbour.key_span.start as usize..).unwrap_or_default();
    if written.starts_with('"') {
        format!("\"{key}\"")
    } else {
        key.to_owned()
    }
}

/// Whether a mapping stands between braces.
pub(super) fn is_flow(text: &str, mapping: &Node) -> bool {
    text.get(mapping.span.start as usize..)
        .is_some_and(|written| written.starts_with('{'))
}

/// A text as a scalar: plain where nothing could take it for something else.
pub(super) fn scalar(text: &str, json: bool) -> String {
    let is_plain = !json
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !text.ends_with(' ')
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | '/' | '%'))
        && text.parse::<f64>().is_err()
        && !["true", "false", "null", "yes", "no", "on", "off"].contains(&text.to_ascii_lowercase().as_str());
    if is_plain {
        text.to_owned()
    } else {
        serde_json::Value::from(text).to_string()
    }
}
