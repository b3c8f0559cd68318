//! Regular expressions: RE2's syntax and meaning, as CEL has them, said in the syntax of Rust's `regex`.
//!
//! Both languages are near relatives, and the differences are silent: `\d` is any digit of Unicode to the one and `0-9`
//! to the other, `[a&&b]` an intersection or three characters. What means the same is kept, what can be said otherwise
//! is rewritten, and the rest is refused. RE2's syntax: <https://github.com/google/re2/wiki/Syntax>.

use regex_automata::nfa::thompson::{self, pikevm::PikeVM};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input};
use regex_syntax::ast::{
    AssertionKind, Ast, ClassPerl, ClassPerlKind, ClassSetBinaryOp, ClassSetItem, ErrorKind, Flag, Flags,
    FlagsItemKind, GroupKind, HexLiteralKind, LiteralKind, RepetitionKind, RepetitionRange, Span, Visitor,
    parse::Parser, visit,
};

/// RE2 refuses larger counts.
const REPETITIONS_AT_MOST: u32 = 1000;

/// What compiles to a table at all is a smaller automaton.
const SEARCHER_BYTES_AT_MOST: usize = 16 << 20;

/// Why a pattern cannot be read, and which bytes of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadPattern {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) reason: String,
    pub(super) help: Option<&'static str>,
}

/// The pattern in the syntax of Rust's `regex`, where it means what it means in RE2's.
///
/// The result may match between the bytes of a character (`\B`), so it is to be compiled with `utf8(false)`.
pub(super) fn translate(pattern: &str) -> Result<String, BadPattern> {
    let ast = Parser::new().parse(pattern).map_err(|error| BadPattern {
        start: error.span().start.offset,
        end: error.span().end.offset,
        reason: error.kind().to_string(),
        help: match error.kind() {
            ErrorKind::ClassUnclosed => Some(r"close it with `]`; a bracket itself is written `\[`"),
            ErrorKind::GroupUnclosed => Some(r"close it with `)`; a parenthesis itself is written `\(`"),
            ErrorKind::GroupUnopened => Some(r"a parenthesis itself is written `\)`"),
            ErrorKind::RepetitionMissing => {
                Some(r"nothing stands before it; the character itself is written `\*`, `\+`, `\?`")
            }
            _ => None,
        },
    })?;
    let replacements = visit(
        &ast,
        Translator {
            replacements: Vec::new(),
        },
    )?;
    let mut translated = String::with_capacity(pattern.len());
    let mut done = 0;
    for (span, replacement) in replacements {
        translated.push_str(pattern.get(done..span.start.offset).unwrap_or_default());
        translated.push_str(replacement);
        done = span.end.offset;
    }
    translated.push_str(pattern.get(done..).unwrap_or_default());
    // Class names, and sizes that no automaton could hold, show only when the pattern is compiled.
    regex_syntax::ParserBuilder::new()
        .utf8(false)
        .build()
        .parse(&translated)
        .map_err(|error| BadPattern {
            start: 0,
            end: pattern.len(),
            reason: match error {
                regex_syntax::Error::Translate(error) => error.kind().to_string(),
                other => other.to_string(),
            },
            help: None,
        })?;
    Ok(translated)
}

/// Asks whether a text matches as a whole.
#[derive(Debug, Clone)]
pub(super) struct Matcher(PikeVM);

impl Matcher {
    /// Of a translated pattern; `None` if it is too large to be an automaton.
    pub(super) fn new(translated: &str) -> Option<Matcher> {
        PikeVM::builder()
            .syntax(syntax::Config::new().utf8(false))
            .build(&format!(r"\A(?:{translated})\z"))
            .ok()
            .map(Matcher)
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        let mut cache = self.0.create_cache();
        self.0
            .is_match(&mut cache, Input::new(text).anchored(Anchored::Yes))
    }
}

/// Asks whether a text has a match anywhere in it.
#[derive(Debug)]
pub(crate) struct Searcher(PikeVM);

impl Searcher {
    /// Of a pattern as a checked condition has it; `None` if it is too large to be an automaton.
    pub(crate) fn new(translated: &str) -> Option<Searcher> {
        PikeVM::builder()
            .syntax(syntax::Config::new().utf8(false))
            .thompson(
                thompson::Config::new()
                    .utf8(false)
                    .nfa_size_limit(Some(SEARCHER_BYTES_AT_MOST)),
            )
            .build(translated)
            .ok()
            .map(Searcher)
    }

    pub(crate) fn finds(&self, text: &str) -> bool {
        self.0.is_match(&mut self.0.create_cache(), text)
    }
}

struct Translator {
    /// In ascending order.
    replacements: Vec<(Span, &'static str)>,
}

impl Translator {
    fn perl(&mut self, class: &ClassPerl) {
        let replacement = match (&class.kind, class.negated) {
            (ClassPerlKind::Digit, false) => "[0-9]",
            (ClassPerlKind::Digit, true) => "[^0-9]",
            (ClassPerlKind::Space, false) => r"[\t\n\x0C\r ]",
            (ClassPerlKind::Space, true) => r"[^\t\n\x0C\r ]",
            (ClassPerlKind::Word, false) => "[0-9A-Za-z_]",
            (ClassPerlKind::Word, true) => "[^0-9A-Za-z_]",
        };
        self.replacements.push((class.span, replacement));
    }
}

fn refuse(span: &Span, reason: impl Into<String>, help: Option<&'static str>) -> BadPattern {
    BadPattern {
        start: span.start.offset,
        end: span.end.offset,
        reason: reason.into(),
        help,
    }
}

fn literal(span: &Span, kind: &LiteralKind) -> Result<(), BadPattern> {
    match kind {
        LiteralKind::HexFixed(HexLiteralKind::X) | LiteralKind::HexBrace(HexLiteralKind::X) => Ok(()),
        LiteralKind::HexFixed(_) | LiteralKind::HexBrace(_) => Err(refuse(
            span,
            "RE2 has no escape of this kind",
            Some(r"a code point is written `\x{1F600}`"),
        )),
        _ => Ok(()),
    }
}

fn flags(flags: &Flags) -> Result<(), BadPattern> {
    for item in &flags.items {
        if let FlagsItemKind::Flag(Flag::Unicode | Flag::CRLF | Flag::IgnoreWhitespace) = item.kind {
            return Err(refuse(
                &item.span,
                "RE2 has no such flag",
                Some("the flags are `i`, `m`, `s` and `U`"),
            ));
        }
    }
    Ok(())
}

impl Visitor for Translator {
    type Output = Vec<(Span, &'static str)>;
    type Err = BadPattern;

    fn finish(self) -> Result<Self::Output, BadPattern> {
        Ok(self.replacements)
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), BadPattern> {
        match ast {
            Ast::Literal(found) => literal(&found.span, &found.kind)?,
            Ast::ClassPerl(class) => self.perl(class),
            Ast::Flags(set) => flags(&set.flags)?,
            Ast::Group(group) => {
                if let GroupKind::NonCapturing(set) = &group.kind {
                    flags(set)?;
                }
            }
            Ast::Repetition(repetition) => {
                let most = match &repetition.op.kind {
                    RepetitionKind::Range(
                        RepetitionRange::Exactly(count)
                        | RepetitionRange::AtLeast(count)
                        | RepetitionRange::Bounded(_, count),
                    ) => *count,
                    _ => 0,
                };
                if most > REPETITIONS_AT_MOST {
                    let reason = format!("RE2 repeats at most {REPETITIONS_AT_MOST} times");
                    return Err(refuse(&repetition.op.span, reason, None));
                }
            }
            Ast::Assertion(assertion) => match assertion.kind {
                AssertionKind::WordBoundary => self.replacements.push((assertion.span, r"(?-u:\b)")),
                AssertionKind::NotWordBoundary => self.replacements.push((assertion.span, r"(?-u:\B)")),
                AssertionKind::WordBoundaryStartAngle | AssertionKind::WordBoundaryEndAngle => {
                    return Err(refuse(
                        &assertion.span,
                        "RE2 reads this as the character",
                        Some("write it without the backslash"),
                    ));
                }
                AssertionKind::WordBoundaryStart
                | AssertionKind::WordBoundaryEnd
                | AssertionKind::WordBoundaryStartHalf
                | AssertionKind::WordBoundaryEndHalf => {
                    return Err(refuse(
                        &assertion.span,
                        "RE2 has no such assertion",
                        Some(r"a word boundary is `\b`"),
                    ));
                }
                _ => {}
            },
            _ => {}
        }
        Ok(())
    }

    fn visit_class_set_item_pre(&mut self, item: &ClassSetItem) -> Result<(), BadPattern> {
        match item {
            ClassSetItem::Perl(class) => self.perl(class),
            ClassSetItem::Literal(found) => literal(&found.span, &found.kind)?,
            ClassSetItem::Range(range) => {
                literal(&range.start.span, &range.start.kind)?;
                literal(&range.end.span, &range.end.kind)?;
            }
            ClassSetItem::Bracketed(class) => {
                return Err(refuse(
                    &class.span,
                    "a class cannot stand in a class",
                    Some(r"a bracket itself is written `\[`"),
                ));
            }
            _ => {}
        }
        Ok(())
    }

    fn visit_class_set_binary_op_pre(&mut self, operation: &ClassSetBinaryOp) -> Result<(), BadPattern> {
        Err(refuse(
            &operation.span,
            "RE2 has no operations on classes",
            Some("escape the characters: `\\&`, `\\-`, `\\~`"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full_match(pattern: &str, text: &str) -> bool {
        Matcher::new(&translate(pattern).expect(pattern))
            .expect(pattern)
            .matches(text)
    }

    #[test]
    fn classes_are_those_of_ascii() {
        assert!(full_match(r"\d+", "012"));
        assert!(!full_match(r"\d", "٣"));
        assert!(full_match(r"\D", "٣"));
        assert!(full_match(r"[\w-]+", "a-b_c"));
        assert!(!full_match(r"\w", "é"));
        assert!(full_match(r"[^\d]", "é"));
        assert!(!full_match(r"\s", "\x0B"));
        assert!(full_match(r"a\b.\Bé", "a-é"));
        assert!(full_match("(?i)straße", "STRAßE"));
    }

    #[test]
    fn what_re2_reads_otherwise_is_refused() {
        for pattern in [
            "[a&&b]",
            "[a--b]",
            "[a~~b]",
            "[a[b]]",
            r"\<",
            r"\u0041",
            "(?x)a",
            "(?-u)a",
            "a{1001}",
            r"\b{start}",
            "a{,3}",
            "(",
            "[",
            "a**)",
            r"\1",
            r"\p{Nonsense}",
        ] {
            assert!(translate(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn a_mistake_has_a_place() {
        let bad = translate("ab[c[d]]").expect_err("a class in a class");
        assert_eq!((bad.start, bad.end), (4, 7));
    }
}
