//! A text that was written in another notation, and the way back from its bytes to the source's.

use super::{FileId, Span};

/// A piece of a decoded text and the bytes of the source it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The first byte of the piece in the decoded text; it ends where the next begins.
    pub decoded: u32,
    /// The first byte in the source.
    pub start: u32,
    /// The byte of the source after it. Where the piece is as long, it was copied byte by byte; where not, it
    /// was an escape or a fold, and the whole of it stands for the piece.
    pub end: u32,
}

/// A decoded text, each byte of which knows where it was written: `a\tb` in a quoted YAML scalar is three
/// bytes here and four in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappedText {
    text: String,
    file: FileId,
    runs: Vec<Run>,
    notation: Notation,
}

/// What a text was written in: what is put into it must be written so, too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Notation {
    /// As it is.
    #[default]
    Plain,
    /// Between single quotes, which are doubled inside.
    SingleQuoted,
    /// Between double quotes, with escapes.
    DoubleQuoted,
}

impl Notation {
    /// A text as it is written in this notation.
    pub fn encode(self, text: &str) -> String {
        match self {
            Notation::Plain => text.to_owned(),
            Notation::SingleQuoted => text.replace('\'', "''"),
            Notation::DoubleQuoted => text.replace('\\', "\\\\").replace('"', "\\\""),
        }
    }
}

impl MappedText {
    /// A text that stands in the source as it is, from `start` on.
    pub fn verbatim(text: impl Into<String>, file: FileId, start: u32) -> MappedText {
        let text = text.into();
        let end = start.saturating_add(offset(text.len()));
        MappedText {
            text,
            file,
            runs: vec![Run {
                decoded: 0,
                start,
                end,
            }],
            notation: Notation::Plain,
        }
    }

    /// A text of at least one run, in ascending order, the first of which begins at byte 0.
    pub fn with_runs(text: String, file: FileId, runs: Vec<Run>, notation: Notation) -> MappedText {
        MappedText {
            text,
            file,
            runs,
            notation,
        }
    }

    /// The decoded text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Where a range of bytes of the decoded text stands in the source.
    pub fn span(&self, start: usize, end: usize) -> Span {
        let from = self.run_at(offset(start)).map_or(0, |(run, copied)| {
            if copied {
                run.start + (offset(start) - run.decoded)
            } else {
                run.start
            }
        });
        let last = if end > start {
            self.run_at(offset(end - 1))
        } else {
            None
        };
        let to = last.map_or(from, |(run, copied)| {
            if copied {
                run.start + (offset(end) - run.decoded)
            } else {
                run.end
            }
        });
        Span {
            file: self.file,
            start: from,
            end: to.max(from),
        }
    }

    /// The whole text.
    pub fn whole(&self) -> Span {
        self.span(0, self.text.len())
    }

    /// The decoded text that a span of the source covers.
    pub fn decoded(&self, span: Span) -> &str {
        self.text
            .get(self.decoded_offset(span.start)..self.decoded_offset(span.end))
            .unwrap_or_default()
    }

    /// What the text was written in.
    pub fn notation(&self) -> Notation {
        self.notation
    }

    fn decoded_offset(&self, source: u32) -> usize {
        let after = self.runs.partition_point(|run| run.start <= source);
        let Some(run) = after.checked_sub(1).and_then(|run| self.runs.get(run)) else {
            return 0;
        };
        let next = self
            .runs
            .get(after)
            .map_or(offset(self.text.len()), |next| next.decoded);
        let copied = next - run.decoded == run.end - run.start;
        let decoded = if source >= run.end {
            next
        } else if copied {
            run.decoded + (source - run.start)
        } else {
            run.decoded
        };
        decoded as usize
    }

    /// The run that a byte lies in, and whether it was copied byte by byte.
    fn run_at(&self, byte: u32) -> Option<(Run, bool)> {
        let after = self.runs.partition_point(|run| run.decoded <= byte);
        let run = *self.runs.get(after.checked_sub(1)?)?;
        let next = self
            .runs
            .get(after)
            .map_or(offset(self.text.len()), |next| next.decoded);
        Some((run, next - run.decoded == run.end - run.start))
    }
}

/// Sources are shorter than 4 GiB: the loader refuses larger ones.
fn offset(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escape_is_as_wide_as_it_was_written() {
        // The source is `"a\tbc"`, from byte 10 on.
        let runs = vec![
            Run {
                decoded: 0,
                start: 11,
                end: 12,
            },
            Run {
                decoded: 1,
                start: 12,
                end: 14,
            },
            Run {
                decoded: 2,
                start: 14,
                end: 16,
            },
        ];
        let text = MappedText::with_runs("a\tbc".into(), FileId(0), runs, Notation::DoubleQuoted);
        let place = |start, end| (text.span(start, end).start, text.span(start, end).end);
        assert_eq!(place(0, 2), (11, 14));
        assert_eq!(place(1, 2), (12, 14));
        assert_eq!(place(2, 4), (14, 16));
        assert_eq!(place(3, 4), (15, 16));
        assert_eq!(place(4, 4), (16, 16));
    }
}
