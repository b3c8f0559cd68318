//! What people run into with YAML, conditions above all, said in their words.

use granit_parser::{ErrorKind, ScanError};

use crate::diagnostic::{Code, Diagnostic, Edit};
use crate::source::Span;

/// The parser's error with what probably led to it.
pub(super) fn explain(error: &ScanError, text: &str, span: Span) -> Diagnostic {
    let plain = |message: &str| Diagnostic::new(Code::YamlSyntax, message, span);
    let quoted = |message: &str, label: &str| {
        let edits = quote_rest_of_line(text, value_start(text, span), span);
        let diagnostic = plain(message).labelled(label);
        if edits.is_empty() {
            diagnostic.help("put the whole text in quotes, or below its key in a block that begins with `|`")
        } else {
            diagnostic.suggest_all("put the whole text in quotes", edits)
        }
    };
    match error.kind() {
        ErrorKind::InvalidTrailingDoubleQuotedScalar | ErrorKind::InvalidTrailingSingleQuotedScalar => {
            quoted(
                "a text that begins with a quote ends with the next one",
                "this stands after the closing quote",
            )
        }
        ErrorKind::MappingValueNotAllowed => quoted(
            "a colon before a space makes a key in YAML",
            "a text with one must be quoted",
        ),
        ErrorKind::UnexpectedCharacter { character } => quoted(
            &format!("a text cannot begin with `{character}` in YAML"),
            "a text that does must be quoted",
        ),
        ErrorKind::UnknownAnchor => quoted(
            "`*` begins an alias in YAML, and no anchor has this name",
            "a text that begins so must be quoted",
        ),
        ErrorKind::MissingAnchorOrAliasName => quoted(
            "`&` and `*` begin an anchor and an alias in YAML",
            "a text that begins so must be quoted",
        ),
        ErrorKind::UnclosedQuotedScalar => plain("this quote is never closed").labelled("opened here"),
        ErrorKind::UnclosedFlowCollection { open } => {
            plain(&format!("this `{open}` is never closed")).labelled("opened here")
        }
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            plain(&format!("`{open}` is closed by `{close}`")).labelled("this does not belong here")
        }
        ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation | ErrorKind::TabNotAllowed => {
            plain("YAML is indented with spaces, not with tabs").labelled("a tab stands here")
        }
        ErrorKind::ExpectedBlockMappingKey if !starts_line(text, span) => quoted(
            "a text that begins with `[` or `{` is a list or a mapping in YAML",
            "this stands after its end",
        ),
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::InvalidIndentation => {
            plain("this line is indented otherwise than the lines it belongs to")
                .labelled("no mapping or list begins at this column")
                .help("keys of one mapping, and entries of one list, begin at one column")
        }
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            plain("a key needs a colon and a space after it")
                .labelled("expected `:` before the end of this line")
        }
        ErrorKind::RecursionLimitExceeded => {
            Diagnostic::new(Code::TooDeep, "values nest too deep here", span)
        }
        _ => plain(&format!("this is not YAML: {}", error.info())).labelled("noticed here"),
    }
}

/// The edits that put single or double quotes around what stands from `start` to the end of its line; none if
/// both kinds stand in it.
pub(crate) fn quote_rest_of_line(text: &str, start: usize, span: Span) -> Vec<Edit> {
    let rest = text.get(start..).unwrap_or_default();
    let line = rest.lines().next().unwrap_or_default();
    let value = line.split(" #").next().unwrap_or_default().trim_end();
    let quote = match (value.contains('\''), value.contains(['"', '\\'])) {
        (false, _) => "'",
        (true, false) => "\"",
        (true, true) => return Vec::new(),
    };
    let (Ok(start), Ok(length)) = (u32::try_from(start), u32::try_from(value.len())) else {
        return Vec::new();
    };
    if length == 0 {
        return Vec::new();
    }
    let at = |offset| Span {
        start: offset,
        end: offset,
        ..span
    };
    vec![
        Edit {
            span: at(start),
            replacement: quote.to_owned(),
        },
        Edit {
            span: at(start + length),
            replacement: quote.to_owned(),
        },
    ]
}

/// Whether only blanks stand before a place on its line.
fn starts_line(text: &str, span: Span) -> bool {
    let before = text.get(..span.start as usize).unwrap_or_default();
    before
        .rsplit('\n')
        .next()
        .is_some_and(|line| line.trim().is_empty())
}

/// Where the value of the line's first key begins.
fn value_start(text: &str, span: Span) -> usize {
    let before = text.get(..span.start as usize).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |line| line + 1);
    let line = text
        .get(line_start..)
        .and_then(|rest| rest.lines().next())
        .unwrap_or_default();
    let value = line
        .find(": ")
        .map_or_else(|| line.len() - line.trim_start().len(), |colon| colon + 2);
    let blanks = line[value..].len() - line[value..].trim_start().len();
    line_start + value + blanks
}
