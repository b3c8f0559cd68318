//! Names and types: from syntax to a checked expression.
//!
//! Each part of an expression is checked even where another is wrong, so that one run shows every mistake.

mod arithmetic;
mod call;
mod compare;
mod constant;
mod list;
mod macros;
mod names;
mod values;

use super::parse::parse;
use super::syntax::{Binary, Constant, Form, Syntax, Unary};
use super::{AttributeId, Environment, Expression, Kind, Literal, Type, mistakes};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::source::{MappedText, Span};

/// Parses and checks a condition; `None` after reporting why it cannot be used.
pub fn check(
    text: &MappedText,
    environment: &Environment,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Expression> {
    let before = diagnostics.len();
    let checked = parse_and_check(text, environment, diagnostics);
    let new = diagnostics.get_mut(before..).unwrap_or_default();
    for edit in new
        .iter_mut()
        .filter_map(|new| new.suggestion.as_mut())
        .flat_map(|new| &mut new.edits)
    {
        edit.replacement = text.notation().encode(&edit.replacement);
    }
    let failed = new.iter().any(|new| new.severity() == Severity::Error);
    checked.filter(|_| !failed)
}

fn parse_and_check(
    text: &MappedText,
    environment: &Environment,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Expression> {
    let syntax = match parse(text) {
        Ok(syntax) => syntax,
        Err(mistake) => {
            diagnostics.push(*mistake);
            return None;
        }
    };
    let mut checker = Checker {
        text,
        environment,
        diagnostics,
        locals: Vec::new(),
    };
    let expression = *checker.expression(&syntax, None)?;
    if expression.ty != Type::Bool {
        checker.not_a_condition(&expression);
    }
    Some(expression)
}

struct Checker<'c> {
    text: &'c MappedText,
    environment: &'c Environment,
    diagnostics: &'c mut Vec<Diagnostic>,
    /// The variables of the macros around, the outermost first.
    locals: Vec<Local>,
}

/// A macro's variable.
struct Local {
    name: String,
    ty: Type,
    /// The list attribute whose elements it stands for.
    of: Option<AttributeId>,
}

impl Checker<'_> {
    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn refuse<T>(&mut self, diagnostic: Diagnostic) -> Option<T> {
        self.report(diagnostic);
        None
    }

    /// Checks an expression. `hint` is the type that what surrounds it would like, which tells the type of `[]`.
    fn expression(&mut self, syntax: &Syntax, hint: Option<&Type>) -> Checked {
        let span = syntax.span;
        match &syntax.form {
            Form::Constant(constant) => self.constant(constant, span),
            Form::Name { name, root } => self.name(name, *root, hint, span),
            Form::Unary {
                operator: Unary::Not,
                operand,
            } => self.not(operand, span),
            Form::Unary {
                operator: Unary::Negate,
                operand,
            } => self.negate(operand, span),
            Form::And(operands) => self.logical(operands, "&&", Kind::And, span),
            Form::Or(operands) => self.logical(operands, "||", Kind::Or, span),
            Form::Conditional {
                condition,
                then,
                otherwise,
            } => self.conditional([condition, then, otherwise], hint, span),
            Form::Binary {
                operator: Binary::Compare(operator),
                operator_span,
                left,
                right,
            } => self.compare(*operator, *operator_span, [left, right], span),
            Form::Binary {
                operator: Binary::In,
                operator_span,
                left,
                right,
            } => self.membership(left, right, *operator_span, span),
            Form::Binary {
                operator: Binary::Arithmetic(operator),
                operator_span,
                left,
                right,
            } => self.arithmetic(*operator, *operator_span, [left, right], hint, span),
            Form::Index { operand, index } => self.index(operand, index, span),
            Form::List(elements) => self.list(elements, hint, span),
            Form::Call {
                receiver,
                name,
                name_span,
                arguments,
            } => self.call(receiver.as_deref(), name, *name_span, arguments, hint, span),
            Form::Select { operand, field } => self.select(operand, field, span),
        }
    }

    /// An expression of a certain type, as `user` ("`!`", "`size`") takes it.
    fn expected(&mut self, syntax: &Syntax, ty: &Type, user: &str) -> Checked {
        let expression = self.expression(syntax, Some(ty))?;
        if expression.ty == *ty {
            return Some(expression);
        }
        let message = format!(
            "{user} takes {}, not {}",
            ty.with_article(),
            expression.ty.with_article()
        );
        let diagnostic = Diagnostic::new(Code::TypeMismatch, message, expression.span)
            .labelled(format!("this is {}", expression.ty.with_article()));
        let diagnostic = self.towards(diagnostic, &expression, ty);
        self.refuse(diagnostic)
    }

    fn constant(&mut self, written: &Constant, span: Span) -> Checked {
        let value = match written {
            Constant::Bool(value) => Literal::Bool(*value),
            Constant::Int(value) => Literal::Int(*value),
            Constant::Uint(value) => Literal::Uint(*value),
            Constant::Double(value) => Literal::Double(*value),
            Constant::String { value, .. } => Literal::String(value.clone()),
            Constant::Magnitude(_) | Constant::Null => {
                return self.refuse(mistakes::unsupported("null", span));
            }
        };
        constant(value, span)
    }

    fn not(&mut self, operand: &Syntax, span: Span) -> Checked {
        let operand = self.expected(operand, &Type::Bool, "`!`")?;
        typed(Kind::Not(operand), Type::Bool, span)
    }

    fn negate(&mut self, operand: &Syntax, span: Span) -> Checked {
        let operand = self.expression(operand, None)?;
        match (&operand.kind, &operand.ty) {
            (Kind::Literal(Literal::Double(value)), _) => constant(Literal::Double(-value), span),
            (_, Type::Int | Type::Double) => {
                let ty = operand.ty.clone();
                typed(Kind::Negate(operand), ty, span)
            }
            (_, ty) => {
                let message = format!("`-` takes an int or a double, not {}", ty.with_article());
                let label = format!("this is {}", ty.with_article());
                self.refuse(Diagnostic::new(Code::TypeMismatch, message, operand.span).labelled(label))
            }
        }
    }

    fn logical(
        &mut self,
        operands: &[Syntax],
        symbol: &str,
        kind: fn(Vec<Expression>) -> Kind,
        span: Span,
    ) -> Checked {
        let user = format!("`{symbol}`");
        let checked: Vec<Checked> = operands
            .iter()
            .map(|operand| self.expected(operand, &Type::Bool, &user))
            .collect();
        typed(kind(all(checked)?), Type::Bool, span)
    }

    fn conditional(
        &mut self,
        [condition, then, otherwise]: [&Syntax; 3],
        hint: Option<&Type>,
        span: Span,
    ) -> Checked {
        let condition = self.expected(condition, &Type::Bool, "`? :`");
        let then = self.expression(then, hint);
        let otherwise = self.expression(otherwise, then.as_ref().map(|then| &then.ty).or(hint));
        let (condition, then, otherwise) = (condition?, then?, otherwise?);
        if then.ty != otherwise.ty {
            let message = format!(
                "both branches of `? :` have one type, not {} and {}",
                then.ty, otherwise.ty
            );
            let diagnostic = Diagnostic::new(Code::TypeMismatch, message, otherwise.span)
                .labelled(format!("this is {}", otherwise.ty.with_article()))
                .also(then.span, format!("this is {}", then.ty.with_article()));
            let diagnostic = self.towards(diagnostic, &otherwise, &then.ty);
            return self.refuse(diagnostic);
        }
        let ty = then.ty.clone();
        let kind = Kind::Conditional {
            condition,
            then,
            otherwise,
        };
        typed(kind, ty, span)
    }

    fn select(&mut self, operand: &Syntax, field: &str, span: Span) -> Checked {
        let diagnostic = mistakes::unsupported("fields", span);
        if call::METHODS.contains(&field) {
            return self.refuse(
                Diagnostic::new(
                    Code::UnknownAttribute,
                    format!("`{field}` is a function, not a field"),
                    span,
                )
                .labelled("not called")
                .suggest("call it", span.at_end(), "()"),
            );
        }
        let written = match &operand.form {
            Form::Name { name, .. } => format!("{name}_{field}"),
            _ => field.to_owned(),
        };
        let near = [field, written.as_str()]
            .into_iter()
            .find(|name| self.environment.attribute_id(name).is_some());
        let diagnostic = match near {
            Some(near) => diagnostic.suggest(format!("did you mean `{near}`?"), span, near),
            None => diagnostic,
        };
        self.refuse(diagnostic)
    }

    fn not_a_condition(&mut self, expression: &Expression) {
        let message = format!(
            "a condition is true or false, and this is {}",
            expression.ty.with_article()
        );
        let diagnostic = Diagnostic::new(Code::TypeMismatch, message, expression.span)
            .labelled(format!("this is {}", expression.ty.with_article()));
        self.report(match expression.kind {
            Kind::Attribute(_) => diagnostic.help("compare it: `==`, `in`, `has(…)`"),
            _ => diagnostic,
        });
    }
}

/// What was checked; `None` where a report says why it cannot be used. In a box, so that a level of nesting costs little
/// of the stack.
type Checked = Option<Box<Expression>>;

#[expect(clippy::unnecessary_wraps, reason = "what every check returns")]
fn typed(kind: Kind, ty: Type, span: Span) -> Checked {
    Some(Box::new(Expression { kind, ty, span }))
}

fn constant(literal: Literal, span: Span) -> Checked {
    let ty = literal.ty();
    typed(Kind::Literal(literal), ty, span)
}

/// All operands, if none was refused.
fn all(operands: Vec<Checked>) -> Option<Vec<Expression>> {
    operands
        .into_iter()
        .map(|operand| operand.map(|operand| *operand))
        .collect()
}

impl Literal {
    fn ty(&self) -> Type {
        match self {
            Literal::Bool(_) => Type::Bool,
            Literal::Int(_) => Type::Int,
            Literal::Uint(_) => Type::Uint,
            Literal::Double(_) => Type::Double,
            Literal::String(_) => Type::String,
            Literal::Timestamp { .. } => Type::Timestamp,
            Literal::Duration(_) => Type::Duration,
            Literal::Semver(_) => Type::Semver,
        }
    }
}
