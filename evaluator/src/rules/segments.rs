//! A segment's file: one value a line.

use crate::condition::Segment;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Source, Span};

/// Reads a segment. Blanks around a value do not count, nor do empty lines, nor what follows a `#` at the start of a
/// line or after a blank.
pub(super) fn read(source: &Source, file: FileId, diagnostics: &mut Vec<Diagnostic>) -> Segment {
    let text = source.text();
    let span = Span {
        file,
        start: 0,
        end: 0,
    };
    let lines = text.strip_prefix('\u{FEFF}').unwrap_or(text).lines();
    let mut values: Vec<&str> = lines.map(value).filter(|value| !value.is_empty()).collect();
    let name = source
        .path()
        .trim_start_matches("segments/")
        .trim_end_matches(".txt")
        .to_owned();
    if values.is_empty() {
        diagnostics.push(
            Diagnostic::new(
                Code::EmptySegment,
                format!("the segment \"{name}\" is empty"),
                span,
            )
            .help("nothing is in it, so a rule that asks for it matches nobody"),
        );
    }
    values.sort_unstable();
    let repeated = values.windows(2).filter(|pair| pair[0] == pair[1]).count();
    if let Some(first) = values
        .windows(2)
        .find(|pair| pair[0] == pair[1])
        .map(|pair| pair[0])
    {
        let places = place_of_second(text, file, first);
        let message = match repeated {
            1 => format!("\"{first}\" stands in this segment twice"),
            more => format!("{more} lines of this segment repeat others; \"{first}\" is one"),
        };
        diagnostics.push(Diagnostic::new(Code::DuplicateValue, message, places).labelled("again here"));
    }
    values.dedup();
    Segment {
        name,
        values: values.into_iter().map(str::to_owned).collect(),
        span,
    }
}

pub(super) fn value(line: &str) -> &str {
    let comment = line
        .char_indices()
        .find(|(at, c)| *c == '#' && line[..*at].chars().next_back().is_none_or(char::is_whitespace))
        .map_or(line.len(), |(at, _)| at);
    line[..comment].trim()
}

fn place_of_second(text: &str, file: FileId, wanted: &str) -> Span {
    let mut start = 0;
    let mut found = 0;
    for line in text.split_inclusive('\n') {
        if value(line.trim_end_matches(['\n', '\r'])) == wanted {
            found += 1;
            if found == 2 {
                let blanks = line.len() - line.trim_start().len();
                let from = u32::try_from(start + blanks).unwrap_or(u32::MAX);
                return Span {
                    file,
                    start: from,
                    end: from + u32::try_from(wanted.len()).unwrap_or(0),
                };
            }
        }
        start += line.len();
    }
    Span {
        file,
        start: 0,
        end: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_blanks_and_repetitions_do_not_count() {
        let source = Source::new(
            "segments/testers.txt",
            "\u{FEFF}# testers\n 123 \r\n\n456 # Ada\na#b\n123\n",
        );
        let mut diagnostics = Vec::new();
        let segment = read(&source, FileId(0), &mut diagnostics);
        assert_eq!(segment.name, "testers");
        assert_eq!(&*segment.values, ["123", "456", "a#b"]);
        assert_eq!(diagnostics.len(), 1);
        assert_eq!(
            diagnostics[0].span().start as usize,
            source.text().rfind("123").expect("the last line")
        );
    }
}
