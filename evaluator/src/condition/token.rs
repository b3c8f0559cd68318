//! The words of CEL: from text to tokens.

use super::literal;
use super::mistakes;
use super::syntax::Constant;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::MappedText;

/// A token and the bytes of the condition it covers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) start: usize,
    pub(super) end: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind {
    /// A name, a keyword or a reserved word: its text tells.
    Word,
    Constant(Constant),
    /// `b"…"`: known, so that it can be refused by name.
    Bytes,
    /// A field's name in backquotes, likewise.
    Quoted,
    /// One of [`SYMBOLS`].
    Symbol(&'static str),
    End,
}

/// Longer ones first.
const SYMBOLS: &[&str] = &[
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "-", "+", "*", "/", "%", "?", ":", ".", ",", "(", ")",
    "[", "]", "{", "}",
];

/// All tokens of a condition, an end token last.
pub(super) fn tokens(text: &MappedText) -> Result<Vec<Token>, Box<Diagnostic>> {
    let mut lexer = Lexer { text, rest: 0 };
    let mut tokens = Vec::new();
    loop {
        let token = lexer.next()?;
        let last = token.kind == TokenKind::End;
        tokens.push(token);
        if last {
            return Ok(tokens);
        }
    }
}

struct Lexer<'t> {
    text: &'t MappedText,
    rest: usize,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        self.text.as_str().get(self.rest..).unwrap_or_default()
    }

    fn next(&mut self) -> Result<Token, Box<Diagnostic>> {
        self.skip_blanks();
        let start = self.rest;
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return Ok(Token {
                kind: TokenKind::End,
                start,
                end: start,
            });
        };
        let (kind, length) = if let Some((prefix, quote)) = string_start(rest) {
            let length = literal::string_length(rest, prefix.len(), quote)
                .ok_or_else(|| self.unclosed_string(start, prefix.len() + quote.len()))?;
            (self.string(start, prefix, quote, length)?, length)
        } else if first.is_ascii_digit()
            || (first == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit()))
        {
            self.number(start)?
        } else if first == '_' || first.is_ascii_alphabetic() {
            (
                TokenKind::Word,
                rest.find(|c: char| c != '_' && !c.is_ascii_alphanumeric())
                    .unwrap_or(rest.len()),
            )
        } else if let Some(length) = quoted_length(rest) {
            (TokenKind::Quoted, length)
        } else if let Some(mistake) = mistakes::symbol(self.text, start) {
            return Err(Box::new(mistake));
        } else if let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
            (TokenKind::Symbol(symbol), symbol.len())
        } else {
            return Err(Box::new(mistakes::character(self.text, start, first)));
        };
        self.rest += length;
        Ok(Token {
            kind,
            start,
            end: self.rest,
        })
    }

    /// Blanks and `//` comments.
    fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            let blanks = rest.len() - rest.trim_start_matches(['\t', '\n', '\x0C', '\r', ' ']).len();
            let comment = if rest[blanks..].starts_with("//") {
                rest[blanks..].find('\n').unwrap_or(rest.len() - blanks)
            } else {
                0
            };
            self.rest += blanks + comment;
            if blanks + comment == 0 {
                return;
            }
        }
    }

    fn string(
        &self,
        start: usize,
        prefix: &str,
        quote: &str,
        length: usize,
    ) -> Result<TokenKind, Box<Diagnostic>> {
        if prefix.contains(['b', 'B']) {
            return Ok(TokenKind::Bytes);
        }
        let (from, to) = (start + prefix.len() + quote.len(), start + length - quote.len());
        let body = self.text.as_str().get(from..to).unwrap_or_default();
        if !prefix.is_empty() {
            return Ok(TokenKind::Constant(Constant::String {
                value: body.to_owned(),
                body: Some(from),
            }));
        }
        match literal::unescape(body) {
            Ok(value) => {
                let verbatim = !body.contains('\\');
                Ok(TokenKind::Constant(Constant::String {
                    value,
                    body: verbatim.then_some(from),
                }))
            }
            Err(bad) => Err(Box::new(
                Diagnostic::new(
                    Code::ConditionSyntax,
                    bad.reason,
                    self.text.span(from + bad.start, from + bad.end),
                )
                .labelled("not an escape of CEL")
                .help(r#"a backslash itself is written `\\`, or as it is in a raw string: r"\d+""#),
            )),
        }
    }

    fn unclosed_string(&self, start: usize, opening: usize) -> Box<Diagnostic> {
        let span = self.text.span(start, start + opening);
        Box::new(
            Diagnostic::new(Code::ConditionSyntax, "this string is never closed", span)
                .labelled("opened here")
                .help("a string in single or double quotes ends on its line"),
        )
    }

    fn number(&self, start: usize) -> Result<(TokenKind, usize), Box<Diagnostic>> {
        let length = literal::number_length(self.rest());
        let written = self.rest().get(..length).unwrap_or_default();
        let constant = literal::number(written).map_err(|reason| {
            Box::new(
                Diagnostic::new(
                    Code::ConditionSyntax,
                    reason,
                    self.text.span(start, start + length),
                )
                .labelled("not a number of CEL"),
            )
        })?;
        Ok((TokenKind::Constant(constant), length))
    }
}

/// The bytes of a name in backquotes, if one begins here.
fn quoted_length(rest: &str) -> Option<usize> {
    let name = rest.strip_prefix('`')?;
    let length = name.find(|c: char| !c.is_ascii_alphanumeric() && !"_./- ".contains(c))?;
    (length > 0 && name[length..].starts_with('`')).then_some(length + 2)
}

/// The prefix (`r`, `b`, `rb`, …) and the opening quotes, if a string begins here.
fn string_start(rest: &str) -> Option<(&str, &'static str)> {
    let prefix = rest
        .bytes()
        .take(2)
        .take_while(|b| matches!(b, b'r' | b'R' | b'b' | b'B'))
        .count();
    let quote = ["\"\"\"", "'''", "\"", "'"]
        .into_iter()
        .find(|quote| rest[prefix..].starts_with(quote))?;
    Some((&rest[..prefix], quote))
}
