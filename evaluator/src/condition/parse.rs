//! The grammar of CEL: from tokens to syntax.
//!
//! Operators are parsed by precedence climbing, so that a level of nesting costs three stack frames, and nesting is
//! bounded, so that no input overflows the stack.

use super::mistakes;
use super::syntax::{Binary, Constant, Form, Syntax, Unary};
use super::token::{Token, TokenKind, tokens};
use super::{Arithmetic, Comparison};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{MappedText, Span};

/// How deep a condition may nest. Everything that walks a condition recurses as deep.
pub(super) const DEPTH_AT_MOST: usize = 250;

/// Words that CEL keeps for itself and for the languages it is embedded in.
const RESERVED: &[&str] = &[
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// Whether conditions can name an attribute so: `now` is the moment, and the others are CEL's own.
pub(crate) fn is_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters
        .next()
        .is_some_and(|first| first == '_' || first.is_ascii_alphabetic())
        && characters.all(|c| c == '_' || c.is_ascii_alphanumeric())
        && !RESERVED.contains(&name)
        && !matches!(name, "in" | "true" | "false" | "null" | "now")
}

type Parsed<T> = Result<T, Box<Diagnostic>>;

/// The only expression of a text.
pub(super) fn parse(text: &MappedText) -> Parsed<Box<Syntax>> {
    let mut parser = Parser {
        text,
        tokens: tokens(text)?,
        at: 0,
        depth: 0,
    };
    let expression = parser.expression()?;
    match parser.peek().kind {
        TokenKind::End => Ok(expression),
        _ => Err(parser.unexpected("an operator or the end of the condition")),
    }
}

/// How tightly an operator binds; a larger number binds tighter.
fn precedence(symbol: &str) -> Option<u8> {
    Some(match symbol {
        "||" => 1,
        "&&" => 2,
        "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" => 3,
        "+" | "-" => 4,
        "*" | "/" | "%" => 5,
        _ => return None,
    })
}

fn binary(symbol: &str) -> Option<Binary> {
    Some(match symbol {
        "==" => Binary::Compare(Comparison::Equal),
        "!=" => Binary::Compare(Comparison::NotEqual),
        "<" => Binary::Compare(Comparison::Less),
        "<=" => Binary::Compare(Comparison::LessOrEqual),
        ">" => Binary::Compare(Comparison::Greater),
        ">=" => Binary::Compare(Comparison::GreaterOrEqual),
        "in" => Binary::In,
        "+" => Binary::Arithmetic(Arithmetic::Add),
        "-" => Binary::Arithmetic(Arithmetic::Subtract),
        "*" => Binary::Arithmetic(Arithmetic::Multiply),
        "/" => Binary::Arithmetic(Arithmetic::Divide),
        "%" => Binary::Arithmetic(Arithmetic::Remainder),
        _ => return None,
    })
}

struct Parser<'t> {
    text: &'t MappedText,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> &Token {
        // The end token is never passed.
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn word(&self, token: &Token) -> &'t str {
        match token.kind {
            TokenKind::Word => self.text.as_str().get(token.start..token.end).unwrap_or_default(),
            _ => "",
        }
    }

    /// The symbol that comes next, or `in`.
    fn operator(&self) -> Option<&'static str> {
        match self.peek().kind {
            TokenKind::Symbol(symbol) => Some(symbol),
            TokenKind::Word if self.word(self.peek()) == "in" => Some("in"),
            _ => None,
        }
    }

    fn advance(&mut self) -> Span {
        let token = self.peek();
        let span = self.text.span(token.start, token.end);
        self.at += 1;
        span
    }

    fn eat(&mut self, symbol: &str) -> Option<Span> {
        match self.peek().kind {
            TokenKind::Symbol(next) if next == symbol => Some(self.advance()),
            _ => None,
        }
    }

    fn expect(&mut self, symbol: &'static str, what: &str) -> Parsed<Span> {
        self.eat(symbol).ok_or_else(|| self.unexpected(what))
    }

    fn unexpected(&self, expected: &str) -> Box<Diagnostic> {
        Box::new(mistakes::unexpected(self.text, &self.tokens, self.at, expected))
    }

    fn too_deep(&self) -> Box<Diagnostic> {
        let token = self.peek();
        Box::new(
            Diagnostic::new(
                Code::TooDeep,
                format!("a condition nests at most {DEPTH_AT_MOST} deep"),
                self.text.span(token.start, token.end),
            )
            .labelled("this is nested deeper")
            .help("a list says many values at once: country in [\"IN\", \"US\"]"),
        )
    }

    /// A node above its children.
    fn node(&self, form: Form, span: Span, children: usize) -> Parsed<Box<Syntax>> {
        let height = children + 1;
        if height > DEPTH_AT_MOST {
            return Err(self.too_deep());
        }
        Ok(Box::new(Syntax { form, span, height }))
    }

    /// `Expr = ConditionalOr ["?" ConditionalOr ":" Expr]`
    fn expression(&mut self) -> Parsed<Box<Syntax>> {
        self.depth += 1;
        if self.depth > DEPTH_AT_MOST {
            return Err(self.too_deep());
        }
        let condition = self.operators(1)?;
        let expression = if self.eat("?").is_some() {
            let then = self.operators(1)?;
            self.expect(":", "`:` and what holds otherwise")?;
            let otherwise = self.expression()?;
            let span = condition.span.to(otherwise.span);
            let height = condition.height.max(then.height).max(otherwise.height);
            self.node(
                Form::Conditional {
                    condition,
                    then,
                    otherwise,
                },
                span,
                height,
            )?
        } else {
            condition
        };
        self.depth -= 1;
        Ok(expression)
    }

    /// Operands joined by operators that bind at least this tightly.
    fn operators(&mut self, least: u8) -> Parsed<Box<Syntax>> {
        let mut left = self.unary()?;
        while let Some((symbol, binds)) = self
            .operator()
            .and_then(|symbol| Some((symbol, precedence(symbol)?)))
        {
            if binds < least {
                break;
            }
            if matches!(symbol, "&&" | "||") {
                left = self.logical(left, symbol, binds)?;
                continue;
            }
            let operator_span = self.advance();
            let right = self.operators(binds + 1)?;
            let Some(operator) = binary(symbol) else { break };
            let (span, height) = (left.span.to(right.span), left.height.max(right.height));
            let form = Form::Binary {
                operator,
                operator_span,
                left,
                right,
            };
            left = self.node(form, span, height)?;
        }
        Ok(left)
    }

    /// `a && b && …` as one node, so that a long row is not a deep one.
    #[expect(clippy::boxed_local, reason = "every operand comes in a box")]
    fn logical(&mut self, first: Box<Syntax>, symbol: &'static str, binds: u8) -> Parsed<Box<Syntax>> {
        let mut operands = vec![*first];
        while self.eat(symbol).is_some() {
            operands.push(*self.operators(binds + 1)?);
        }
        let height = operands
            .iter()
            .map(|operand| operand.height)
            .max()
            .unwrap_or_default();
        let span = operands
            .iter()
            .map(|operand| operand.span)
            .reduce(Span::to)
            .unwrap_or_default();
        self.node(
            if symbol == "&&" {
                Form::And(operands)
            } else {
                Form::Or(operands)
            },
            span,
            height,
        )
    }

    /// `Unary = Member | "!" {"!"} Member | "-" {"-"} Member`
    fn unary(&mut self) -> Parsed<Box<Syntax>> {
        let mut operators = Vec::new();
        let mut operand = loop {
            if let Some(literal) = self.negative_int() {
                break literal?;
            }
            let operator = match self.peek().kind {
                TokenKind::Symbol("!") => Unary::Not,
                TokenKind::Symbol("-") => Unary::Negate,
                _ => break self.member()?,
            };
            operators.push((operator, self.advance()));
            if operators.len() > DEPTH_AT_MOST {
                return Err(self.too_deep());
            }
        };
        while let Some((operator, operator_span)) = operators.pop() {
            let (span, height) = (operator_span.to(operand.span), operand.height);
            operand = self.node(Form::Unary { operator, operand }, span, height)?;
        }
        Ok(operand)
    }

    /// A minus and a number as one literal, so that −2⁶³ can be written. In `-1.f()` the minus comes last.
    fn negative_int(&mut self) -> Option<Parsed<Box<Syntax>>> {
        let next = |ahead: usize| self.tokens.get(self.at + ahead).map(|token| &token.kind);
        let (Some(TokenKind::Symbol("-")), Some(TokenKind::Constant(Constant::Magnitude(magnitude)))) =
            (next(0), next(1))
        else {
            return None;
        };
        if matches!(next(2), Some(TokenKind::Symbol("." | "["))) {
            return None;
        }
        let value = 0_i64.checked_sub_unsigned(*magnitude)?;
        let span = self.advance().to(self.advance());
        Some(self.node(Form::Constant(Constant::Int(value)), span, 0))
    }

    /// A primary and what is selected from it.
    fn member(&mut self) -> Parsed<Box<Syntax>> {
        let mut operand = self.primary()?;
        loop {
            if self.eat(".").is_some() {
                operand = self.selected(operand)?;
            } else if self.eat("[").is_some() {
                self.refuse_optional()?;
                let index = self.expression()?;
                let end = self.expect("]", "`]`")?;
                let (span, height) = (operand.span.to(end), operand.height.max(index.height));
                let form = Form::Index { operand, index };
                operand = self.node(form, span, height)?;
            } else {
                return Ok(operand);
            }
        }
    }

    /// What follows a point: a field, or a function with the operand as its receiver.
    fn selected(&mut self, operand: Box<Syntax>) -> Parsed<Box<Syntax>> {
        self.refuse_optional()?;
        if self.peek().kind == TokenKind::Quoted {
            let name_span = self.advance();
            let field = self.text.decoded(name_span).trim_matches('`').to_owned();
            let (span, height) = (operand.span.to(name_span), operand.height);
            return self.node(Form::Select { operand, field }, span, height);
        }
        let name = self.word(self.peek()).to_owned();
        if name.is_empty() || matches!(name.as_str(), "in" | "true" | "false" | "null") {
            return Err(self.unexpected("the name of a function"));
        }
        let name_span = self.advance();
        if self.eat("(").is_some() {
            return self.call(Some(operand), name, name_span);
        }
        if self.peek().kind == TokenKind::Symbol("{") {
            return Err(self.message(operand.span));
        }
        let (span, height) = (operand.span.to(name_span), operand.height);
        self.node(Form::Select { operand, field: name }, span, height)
    }

    /// `a.?b`, `a[?0]` and `[?a]` are CEL's, for optional values.
    fn refuse_optional(&mut self) -> Parsed<()> {
        match self.eat("?") {
            Some(mark) => Err(Box::new(mistakes::unsupported("optionals", mark))),
            None => Ok(()),
        }
    }

    /// The arguments of a call, after its opening parenthesis.
    fn call(&mut self, receiver: Option<Box<Syntax>>, name: String, name_span: Span) -> Parsed<Box<Syntax>> {
        let (arguments, end) = self.expressions(")", "`,` or `)`")?;
        let start = receiver.as_ref().map_or(name_span, |receiver| receiver.span);
        let below = receiver
            .as_deref()
            .into_iter()
            .chain(&arguments)
            .map(|part| part.height)
            .max()
            .unwrap_or_default();
        let form = Form::Call {
            receiver,
            name,
            name_span,
            arguments,
        };
        self.node(form, start.to(end), below)
    }

    /// Expressions between commas, up to a closing symbol.
    fn expressions(&mut self, closing: &'static str, expected: &str) -> Parsed<(Vec<Syntax>, Span)> {
        let mut expressions = Vec::new();
        if let Some(end) = self.eat(closing) {
            return Ok((expressions, end));
        }
        loop {
            if closing == "]" {
                self.refuse_optional()?;
            }
            expressions.push(*self.expression()?);
            if self.eat(",").is_none() {
                return Ok((expressions, self.expect(closing, expected)?));
            }
            // A list may end with a comma, a call may not.
            if closing == "]"
                && let Some(end) = self.eat(closing)
            {
                return Ok((expressions, end));
            }
        }
    }

    fn primary(&mut self) -> Parsed<Box<Syntax>> {
        let token = self.peek().clone();
        let span = self.text.span(token.start, token.end);
        match token.kind {
            TokenKind::Constant(Constant::Magnitude(magnitude)) => self.int(magnitude),
            TokenKind::Constant(constant) => {
                self.advance();
                self.node(Form::Constant(constant), span, 0)
            }
            TokenKind::Bytes => Err(Box::new(mistakes::unsupported("bytes", span))),
            TokenKind::Word => self.name(false),
            TokenKind::Symbol(".") => {
                self.advance();
                self.name(true)
            }
            TokenKind::Symbol("(") => {
                self.advance();
                let mut inner = self.expression()?;
                let end = self.expect(")", "`)`")?;
                inner.span = span.to(end);
                Ok(inner)
            }
            TokenKind::Symbol("[") => {
                self.advance();
                let (elements, end) = self.expressions("]", "`,` or `]`")?;
                let height = elements
                    .iter()
                    .map(|element| element.height)
                    .max()
                    .unwrap_or_default();
                self.node(Form::List(elements), span.to(end), height)
            }
            TokenKind::Symbol("{") => Err(Box::new(mistakes::unsupported("maps", span))),
            _ => Err(self.unexpected("an attribute, a value or `(`")),
        }
    }

    fn int(&mut self, magnitude: u64) -> Parsed<Box<Syntax>> {
        let span = self.advance();
        match i64::try_from(magnitude) {
            Ok(value) => self.node(Form::Constant(Constant::Int(value)), span, 0),
            Err(_) => Err(Box::new(
                Diagnostic::new(
                    Code::ConditionSyntax,
                    format!("`{magnitude}` does not fit a 64-bit int"),
                    span,
                )
                .labelled("not a number of CEL"),
            )),
        }
    }

    /// A name, a call, `true`, `false` or `null`.
    fn name(&mut self, root: bool) -> Parsed<Box<Syntax>> {
        let name = self.word(self.peek()).to_owned();
        if name.is_empty() || name == "in" || RESERVED.contains(&name.as_str()) {
            return Err(self.unexpected("an attribute or a value"));
        }
        let span = self.advance();
        if self.eat("(").is_some() {
            return self.call(None, name, span);
        }
        if self.peek().kind == TokenKind::Symbol("{") {
            return Err(self.message(span));
        }
        let form = match name.as_str() {
            "true" => Form::Constant(Constant::Bool(true)),
            "false" => Form::Constant(Constant::Bool(false)),
            "null" => Form::Constant(Constant::Null),
            _ => Form::Name { name, root },
        };
        self.node(form, span, 0)
    }

    fn message(&self, start: Span) -> Box<Diagnostic> {
        let brace = self.peek();
        Box::new(mistakes::unsupported(
            "messages",
            start.to(self.text.span(brace.start, brace.end)),
        ))
    }
}
