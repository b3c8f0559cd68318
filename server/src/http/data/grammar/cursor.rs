//! A place in a parameter's text, and what can be read from there.

use super::{Field, GrammarError, PathOperand, PathStep};

/// Reads one parameter from left to right.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'t> {
    parameter: &'static str,
    text: &'t str,
    at: usize,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(parameter: &'static str, text: &'t str) -> Self {
        Self {
            parameter,
            text,
            at: 0,
        }
    }

    /// What is still to be read.
    pub(super) fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Passes over `word` if it stands here.
    pub(super) fn take(&mut self, word: &str) -> bool {
        let found = self.rest().starts_with(word);
        if found {
            self.at += word.len();
        }
        found
    }

    /// Passes over the characters that `wanted` wants, and gives them.
    pub(super) fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let length = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    /// Passes over all that is left, and gives it.
    pub(super) fn take_rest(&mut self) -> &'t str {
        let rest = self.rest();
        self.at = self.text.len();
        rest
    }

    pub(super) fn skip_spaces(&mut self) {
        self.take_while(|c| c == ' ' || c == '\t');
    }

    /// Requires `word` here.
    pub(super) fn expect(&mut self, word: &str, expected: &str) -> Result<(), GrammarError> {
        if self.take(word) {
            Ok(())
        } else {
            Err(self.error(expected))
        }
    }

    /// Requires that nothing is left.
    pub(super) fn end(&self, expected: &str) -> Result<(), GrammarError> {
        if self.rest().is_empty() {
            Ok(())
        } else {
            Err(self.error(expected))
        }
    }

    /// An error at this place.
    pub(super) fn error(&self, expected: &str) -> GrammarError {
        let found = match self.peek() {
            Some(c) => format!("\"{c}\""),
            None => "end of input".to_owned(),
        };
        GrammarError::Syntax {
            parameter: self.parameter,
            text: self.text.to_owned(),
            column: self.text[..self.at].chars().count() + 1,
            details: format!("unexpected {found} expecting {expected}"),
        }
    }

    /// A name: quoted, or letters, digits, `_`, `$`, spaces and dashes.
    pub(super) fn name(&mut self) -> Result<String, GrammarError> {
        const EXPECTED: &str = "field name (* or [a..z0..9_$])";
        if self.peek() == Some('"') {
            return self.quoted();
        }
        let rest = self.rest();
        let is_part = |(at, c): (usize, char)| {
            c.is_alphanumeric() || "_$ ".contains(c) || (c == '-' && !rest[at..].starts_with("->"))
        };
        let length = rest
            .char_indices()
            .find(|&part| !is_part(part))
            .map_or(rest.len(), |(at, _)| at);
        let name = rest[..length].trim();
        if name.is_empty() {
            return Err(self.error(EXPECTED));
        }
        self.at += length;
        Ok(name.to_owned())
    }

    /// `"…"`, where a backslash makes the next character itself.
    pub(super) fn quoted(&mut self) -> Result<String, GrammarError> {
        let mut value = String::new();
        let mut characters = self.rest().char_indices().skip(1);
        while let Some((at, c)) = characters.next() {
            match c {
                '"' => {
                    self.at += at + 1;
                    return Ok(value);
                }
                '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
                _ => value.push(c),
            }
        }
        self.at = self.text.len();
        Err(self.error("\"\\\"\""))
    }

    /// A value inside parentheses: quoted, or up to the next comma or closing parenthesis.
    pub(super) fn listed_value(&mut self) -> String {
        if self.peek() == Some('"') {
            let mut ahead = self.clone();
            if let Ok(value) = ahead.quoted()
                && ahead.peek().is_none_or(|c| c == ',' || c == ')')
            {
                *self = ahead;
                return value;
            }
        }
        self.take_while(|c| c != ',' && c != ')').to_owned()
    }

    /// A column with its path into JSON: `address->geo->>lat`.
    pub(super) fn field(&mut self) -> Result<Field, GrammarError> {
        let column = self.name()?;
        let mut path = Vec::new();
        while self.take("->") {
            let as_text = self.take(">");
            path.push(PathStep {
                operand: self.path_operand()?,
                as_text,
            });
        }
        Ok(Field { column, path })
    }

    fn path_operand(&mut self) -> Result<PathOperand, GrammarError> {
        const EXPECTED: &str = "any non reserved character different from: .,>()";
        if self.peek() == Some('"') {
            return Ok(PathOperand::Key(self.quoted()?));
        }
        let rest = self.rest();
        let ends = |(at, c): (usize, char)| "(:.,>)".contains(c) || rest[at..].starts_with("->");
        let length = rest
            .char_indices()
            .find(|&part| ends(part))
            .map_or(rest.len(), |(at, _)| at);
        let operand = rest[..length].trim();
        if operand.is_empty() {
            return Err(self.error(EXPECTED));
        }
        let digits = operand.strip_prefix('-').unwrap_or(operand);
        let is_index = digits.bytes().all(|byte| byte.is_ascii_digit());
        let operand = match operand.parse() {
            Ok(index) if is_index => PathOperand::Index(index),
            _ => PathOperand::Key(operand.to_owned()),
        };
        self.at += length;
        Ok(operand)
    }
}
