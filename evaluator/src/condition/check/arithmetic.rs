//! `+ - * / %`

use super::{Checked, Checker, constant, typed};
use crate::condition::syntax::Syntax;
use crate::condition::{Arithmetic, Expression, Kind, Literal, Type, mistakes};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// What an operator yields for two types; `None` where CEL does not define it.
fn yields(operator: Arithmetic, left: &Type, right: &Type) -> Option<Type> {
    use Arithmetic::{Add, Divide, Multiply, Remainder, Subtract};
    Some(match (operator, left, right) {
        (Add | Subtract | Multiply | Divide | Remainder, Type::Int, Type::Int) => Type::Int,
        (Add | Subtract | Multiply | Divide | Remainder, Type::Uint, Type::Uint) => Type::Uint,
        (Add | Subtract | Multiply | Divide, Type::Double, Type::Double) => Type::Double,
        (Add | Subtract, Type::Timestamp, Type::Duration) | (Add, Type::Duration, Type::Timestamp) => {
            Type::Timestamp
        }
        (Add | Subtract, Type::Duration, Type::Duration) | (Subtract, Type::Timestamp, Type::Timestamp) => {
            Type::Duration
        }
        _ => return None,
    })
}

fn symbol(operator: Arithmetic) -> &'static str {
    match operator {
        Arithmetic::Add => "+",
        Arithmetic::Subtract => "-",
        Arithmetic::Multiply => "*",
        Arithmetic::Divide => "/",
        Arithmetic::Remainder => "%",
    }
}

impl Checker<'_> {
    pub(super) fn arithmetic(
        &mut self,
        operator: Arithmetic,
        operator_span: Span,
        [left, right]: [&Syntax; 2],
        hint: Option<&Type>,
        span: Span,
    ) -> Checked {
        let left = self.expression(left, hint);
        let right = self.expression(right, left.as_ref().map(|left| &left.ty));
        let (left, right) = (left?, right?);
        if operator == Arithmetic::Add && left.ty == right.ty {
            match &left.ty {
                Type::String => return self.concatenated_strings(&left, &right, span),
                Type::List(_) => return self.concatenated_lists(*left, *right, span),
                _ => {}
            }
        }
        let Some(ty) = yields(operator, &left.ty, &right.ty) else {
            return self.refuse_arithmetic(operator, operator_span, &left, &right);
        };
        let kind = Kind::Arithmetic {
            operator,
            left,
            right,
        };
        typed(kind, ty, span)
    }

    fn refuse_arithmetic(
        &mut self,
        operator: Arithmetic,
        operator_span: Span,
        left: &Expression,
        right: &Expression,
    ) -> Checked {
        let symbol = symbol(operator);
        let message = format!(
            "`{symbol}` is not defined for {} and {}",
            left.ty.with_article(),
            right.ty.with_article()
        );
        let diagnostic = Diagnostic::new(Code::TypeMismatch, message, operator_span)
            .also(left.span, left.ty.with_article())
            .also(right.span, right.ty.with_article());
        // A double keeps what an int would lose.
        let diagnostic = if left.ty == Type::Double && right.ty.is_number() {
            self.towards(diagnostic, right, &Type::Double)
        } else if right.ty == Type::Double && left.ty.is_number() {
            self.towards(diagnostic, left, &Type::Double)
        } else if matches!(right.kind, Kind::Literal(_)) {
            self.towards(diagnostic, right, &left.ty)
        } else {
            self.towards(diagnostic, left, &right.ty)
        };
        self.refuse(diagnostic)
    }

    /// The program builds no strings; constants are put together here.
    fn concatenated_strings(&mut self, left: &Expression, right: &Expression, span: Span) -> Checked {
        match (&left.kind, &right.kind) {
            (Kind::Literal(Literal::String(left)), Kind::Literal(Literal::String(right))) => {
                constant(Literal::String(format!("{left}{right}")), span)
            }
            _ => self.refuse(mistakes::unsupported("string concatenation", span)),
        }
    }

    fn concatenated_lists(&mut self, left: Expression, right: Expression, span: Span) -> Checked {
        let ty = left.ty.clone();
        match (left.kind, right.kind) {
            (Kind::List(mut elements), Kind::List(more)) => {
                elements.extend(more);
                typed(Kind::List(elements), ty, span)
            }
            _ => self.refuse(mistakes::unsupported("list concatenation", span)),
        }
    }
}
