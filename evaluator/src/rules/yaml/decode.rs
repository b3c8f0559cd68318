//! From a scalar's text back to where each byte of it stands in the file.
//!
//! The parser tells a scalar's text and its place as a whole. Here the raw source is read once more beside the text, so
//! that every byte of the text finds its place; if both should ever disagree, the whole scalar stands for every byte.

use granit_parser::ScalarStyle;

use crate::source::{MappedText, Notation, Run, Span};

/// Finds the place of every byte of `text`, which was written at `span` of `source` in the given style.
pub(super) fn map(text: &str, style: ScalarStyle, span: Span, source: &str) -> MappedText {
    let raw = source
        .get(span.start as usize..span.end as usize)
        .unwrap_or_default();
    let line_start = source
        .get(..span.start as usize)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |feed| feed + 1);
    let mut walk = Walk {
        text,
        raw,
        text_at: 0,
        raw_at: 0,
        base: span.start,
        runs: Vec::new(),
    };
    let agreed = match style {
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
            walk.raw_at = 1;
            walk.flow(style)
        }
        ScalarStyle::Plain => walk.flow(style),
        _ => walk.block((span.start as usize).saturating_sub(line_start)),
    };
    let runs = match agreed {
        Some(()) if !walk.runs.is_empty() => walk.runs,
        _ => vec![Run {
            decoded: 0,
            start: span.start,
            end: span.end,
        }],
    };
    let notation = match style {
        ScalarStyle::SingleQuoted => Notation::SingleQuoted,
        ScalarStyle::DoubleQuoted => Notation::DoubleQuoted,
        _ => Notation::Plain,
    };
    MappedText::with_runs(text.to_owned(), span.file, runs, notation)
}

struct Walk<'t> {
    text: &'t str,
    raw: &'t str,
    text_at: usize,
    raw_at: usize,
    base: u32,
    runs: Vec<Run>,
}

impl Walk<'_> {
    fn text_char(&self) -> Option<char> {
        self.text.get(self.text_at..)?.chars().next()
    }

    fn raw_char(&self) -> Option<char> {
        self.raw.get(self.raw_at..)?.chars().next()
    }

    /// The next `text_bytes` stand for the next `raw_bytes`.
    fn take(&mut self, text_bytes: usize, raw_bytes: usize) {
        let (Ok(decoded), Ok(at), Ok(length)) = (
            u32::try_from(self.text_at),
            u32::try_from(self.raw_at),
            u32::try_from(raw_bytes),
        ) else {
            return;
        };
        let (start, end) = (self.base + at, self.base + at + length);
        self.text_at += text_bytes;
        self.raw_at += raw_bytes;
        match self.runs.last_mut() {
            // Copied bytes after copied bytes are one run.
            Some(last)
                if text_bytes == raw_bytes
                    && last.end == start
                    && last.end - last.start == decoded - last.decoded =>
            {
                last.end = end;
            }
            _ if text_bytes > 0 => self.runs.push(Run { decoded, start, end }),
            _ => {}
        }
    }

    /// Plain and quoted scalars: escapes, doubled quotes, line folds.
    fn flow(&mut self, style: ScalarStyle) -> Option<()> {
        while let Some(wanted) = self.text_char() {
            let rest = self.raw.get(self.raw_at..)?;
            let found = rest.chars().next()?;
            let fold = fold_length(rest);
            if fold > 0 {
                // A fold reads as a space, or as one line feed for every empty line.
                let feeds = self.text[self.text_at..]
                    .bytes()
                    .take_while(|b| *b == b'\n')
                    .count();
                self.take(feeds.max(1), fold);
                if !matches!(wanted, ' ' | '\n') {
                    return None;
                }
            } else if style == ScalarStyle::DoubleQuoted && found == '\\' {
                let escape = escape_length(rest)?;
                if rest[1..].starts_with(['\n', '\r']) {
                    // An escaped line break reads as nothing.
                    self.raw_at += escape;
                } else {
                    self.take(wanted.len_utf8(), escape);
                }
            } else if found == wanted {
                let doubled = style == ScalarStyle::SingleQuoted && found == '\'';
                self.take(wanted.len_utf8(), if doubled { 2 } else { found.len_utf8() });
            } else {
                return None;
            }
        }
        Some(())
    }

    /// Literal and folded scalars: indentation is left out, in folded ones a line break may read as a space. The parser's
    /// place begins after the first line's indentation, which is every line's.
    fn block(&mut self, indent: usize) -> Option<()> {
        // The place begins with the first line that is not empty, and the text with the empty ones before it.
        while self.text_char() == Some('\n') && !self.raw.starts_with(['\n', '\r']) {
            self.take(1, 0);
        }
        let mut line_start = true;
        while let Some(wanted) = self.text_char() {
            if line_start {
                self.raw_at += self.indentation(indent);
                line_start = false;
            }
            match self.raw_char() {
                Some(found) if found == wanted => {
                    line_start = found == '\n';
                    self.take(found.len_utf8(), found.len_utf8());
                }
                // The fold of one line break.
                Some('\n') if wanted == ' ' => {
                    self.take(1, 1);
                    line_start = true;
                }
                // Carriage returns are dropped; of several line breaks a folded scalar keeps one less.
                Some('\r' | '\n') => {
                    line_start = self.raw_char() == Some('\n');
                    self.raw_at += 1;
                }
                // The last line may end without a line break, and the text has one all the same.
                None if wanted == '\n' => self.take(1, 0),
                _ => return None,
            }
        }
        Some(())
    }

    fn indentation(&self, most: usize) -> usize {
        if self.raw_at == 0 {
            return 0;
        }
        self.raw[self.raw_at..]
            .bytes()
            .take(most)
            .take_while(|b| *b == b' ')
            .count()
    }
}

/// The length of a line fold: blanks, a line break, and all blanks and line breaks after it. Zero if there is none.
fn fold_length(raw: &str) -> usize {
    let blanks = raw.len() - raw.trim_start_matches([' ', '\t']).len();
    if !raw[blanks..].starts_with(['\n', '\r']) {
        return 0;
    }
    raw.len() - raw.trim_start_matches([' ', '\t', '\n', '\r']).len()
}

/// The length of an escape of a double-quoted scalar, an escaped line break with its fold included.
fn escape_length(raw: &str) -> Option<usize> {
    Some(match raw.chars().nth(1)? {
        'x' => 4,
        'u' if is_high_surrogate(raw) => 12,
        'u' => 6,
        'U' => 10,
        '\n' | '\r' => 1 + fold_length(&raw[1..]),
        other => 1 + other.len_utf8(),
    })
}

/// Whether an escape is the first half of a character beyond the Basic Multilingual Plane, as JSON writes them.
fn is_high_surrogate(raw: &str) -> bool {
    raw.get(2..6)
        .and_then(|hex| u32::from_str_radix(hex, 16).ok())
        .is_some_and(|unit| (0xD800..0xDC00).contains(&unit))
}

#[cfg(test)]
mod tests {
    use crate::rules::yaml::{Kind, parse};
    use crate::source::{FileId, Source};

    /// Where `needle` of the only scalar's text stands in the source.
    fn place(source: &str, needle: &str) -> String {
        let source = Source::new("x.yaml", source);
        let mut diagnostics = Vec::new();
        let node = parse(&source, FileId(0), &mut diagnostics).expect("parses");
        let Kind::Mapping(entries) = &node.kind else {
            panic!("a mapping")
        };
        let Kind::Scalar(scalar) = &entries[0].value.kind else {
            panic!("a scalar")
        };
        let mapped = scalar.mapped(entries[0].value.span, &source);
        let start = mapped.as_str().find(needle).expect("the needle is in the text");
        let span = mapped.span(start, start + needle.len());
        source.text()[span.start as usize..span.end as usize].to_owned()
    }

    #[test]
    fn plain_scalars_map_through_folds() {
        assert_eq!(place("k: country == 1\n", "=="), "==");
        assert_eq!(place("k: a &&\n  country == 1\n", "country"), "country");
        assert_eq!(place("k: a &&\n  country == 1\n", "&& country"), "&&\n  country");
        assert_eq!(place("k: a\n\n  b\n", "b"), "b");
    }

    #[test]
    fn quoted_scalars_map_through_escapes() {
        assert_eq!(place(r#"k: "a == \"IN\" && b""#, "\"IN\""), r#"\"IN\""#);
        assert_eq!(place(r#"k: "a == \"IN\" && b""#, "b"), "b");
        assert_eq!(place(r#"k: "\u00e9\x41 b""#, "A"), r"\x41");
        assert_eq!(place(r#"k: "\u00e9\x41 b""#, "b"), "b");
        assert_eq!(place(r#"k: "\ud83d\ude00 b""#, "b"), "b");
        assert_eq!(place("k: 'it''s b'", "'"), "''");
        assert_eq!(place("k: 'it''s b'", "b"), "b");
        assert_eq!(place("k: \"a \\\n   b\"", "b"), "b");
        assert_eq!(place("k: 'a\n\n   b'", "b"), "b");
    }

    #[test]
    fn block_scalars_map_through_indentation() {
        assert_eq!(place("k: |\n  one &&\n    two\n  three\n", "two"), "two");
        assert_eq!(place("k: |\n  one &&\n    two\n  three\n", "three"), "three");
        assert_eq!(place("k: |\n  one &&\n    two\n\nl: 1\n", "two"), "two");
        assert_eq!(place("k: >\n  one &&\n  two\n\n  three\n", "two"), "two");
        assert_eq!(place("k: >-\n  one &&\n  two\n\n  three", "three"), "three");
        assert_eq!(place("k: >-\n  one\n  two\n", "one two"), "one\n  two");
        assert_eq!(place("k: |-\n\n  é one\n  two\n", "two"), "two");
        assert_eq!(place("k: |2\n    one\n  two\n", "two"), "two");
        assert_eq!(place("k: |\r\n  one\r\n  two\r\n", "two"), "two");
    }
}
