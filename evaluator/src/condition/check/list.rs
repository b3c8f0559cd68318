//! Lists: displays and their elements.

use super::{Checked, Checker, all, typed};
use crate::condition::syntax::Syntax;
use crate::condition::{Kind, Type, mistakes};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

impl Checker<'_> {
    /// `[a, b]`: scalars of one type.
    pub(super) fn list(&mut self, elements: &[Syntax], hint: Option<&Type>, span: Span) -> Checked {
        let hinted = match hint {
            Some(Type::List(element)) => Some(element.as_ref()),
            _ => None,
        };
        let checked: Vec<Checked> = elements
            .iter()
            .map(|element| self.expression(element, hinted))
            .collect();
        let elements = all(checked)?;
        // An empty list that nothing is asked about may be of any type.
        let ty = elements
            .first()
            .map(|first| first.ty.clone())
            .or_else(|| hinted.cloned())
            .unwrap_or(Type::Int);
        if let Some(nested) = elements
            .iter()
            .find(|element| matches!(element.ty, Type::List(_)))
        {
            return self.refuse(mistakes::unsupported("lists of lists", nested.span));
        }
        if let Some(other) = elements.iter().find(|element| element.ty != ty) {
            let message = format!(
                "the elements of a list have one type, and these are {ty} and {}",
                other.ty
            );
            let diagnostic = Diagnostic::new(Code::TypeMismatch, message, other.span)
                .labelled(format!("this is {}", other.ty.with_article()));
            let diagnostic = match elements.first() {
                Some(first) => diagnostic.also(first.span, format!("this is {}", ty.with_article())),
                None => diagnostic,
            };
            let diagnostic = self.towards(diagnostic, other, &ty);
            return self.refuse(diagnostic);
        }
        typed(Kind::List(elements), Type::List(Box::new(ty)), span)
    }

    /// `list[index]`
    pub(super) fn index(&mut self, operand: &Syntax, index: &Syntax, span: Span) -> Checked {
        let list = self.expression(operand, None);
        let index = self.expected(index, &Type::Int, "an index");
        let (list, index) = (list?, index?);
        let Type::List(element) = &list.ty else {
            let message = format!("only lists have an index, not {}", list.ty.with_article());
            let label = format!("this is {}", list.ty.with_article());
            return self.refuse(Diagnostic::new(Code::TypeMismatch, message, list.span).labelled(label));
        };
        let ty = (**element).clone();
        typed(Kind::Index { list, index }, ty, span)
    }
}
