//! `==`, `<` and their kin, and `in`.

use super::{Checked, Checker, typed};
use crate::condition::syntax::{Form, Syntax};
use crate::condition::{Comparison, Expression, Kind, Literal, Type};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

impl Checker<'_> {
    pub(super) fn compare(
        &mut self,
        operator: Comparison,
        operator_span: Span,
        sides: [&Syntax; 2],
        span: Span,
    ) -> Checked {
        let (left, right) = self.both(sides);
        let (left, right) = (left?, right?);
        if !left.ty.compares_with(&right.ty) {
            return self.refuse_comparison(&left, &right, operator_span);
        }
        let equality = matches!(operator, Comparison::Equal | Comparison::NotEqual);
        if !equality && matches!(left.ty, Type::List(_)) {
            let message = "lists have no order".to_owned();
            return self.refuse(
                Diagnostic::new(Code::TypeMismatch, message, operator_span).labelled("lists on both sides"),
            );
        }
        if equality {
            self.possible(&left, &right);
            self.possible(&right, &left);
        }
        let kind = Kind::Compare {
            operator,
            left,
            right,
        };
        typed(kind, Type::Bool, span)
    }

    /// Checks two operands, each with the other's type as a hint: an empty list has no type of its own.
    pub(super) fn both(&mut self, [left, right]: [&Syntax; 2]) -> (Checked, Checked) {
        if matches!(&left.form, Form::List(elements) if elements.is_empty()) {
            let right = self.expression(right, None);
            let left = self.expression(left, right.as_ref().map(|right| &right.ty));
            return (left, right);
        }
        let left = self.expression(left, None);
        let right = self.expression(right, left.as_ref().map(|left| &left.ty));
        (left, right)
    }

    fn refuse_comparison(&mut self, left: &Expression, right: &Expression, operator: Span) -> Checked {
        let message = format!(
            "{} cannot be compared with {}",
            left.ty.with_article(),
            right.ty.with_article()
        );
        let diagnostic = Diagnostic::new(Code::TypeMismatch, message, operator)
            .also(left.span, left.ty.with_article())
            .also(right.span, right.ty.with_article());
        let diagnostic = match (&left.ty, &right.ty) {
            (Type::List(element), ty) if element.compares_with(ty) => diagnostic.suggest_all(
                "ask with `in` whether a list has a value",
                self.swapped_to_in(left.span, right.span),
            ),
            (ty, Type::List(element)) if element.compares_with(ty) => {
                diagnostic.suggest("ask with `in` whether a list has a value", operator, "in")
            }
            // The constant is what can be written otherwise.
            _ if matches!(right.kind, Kind::Literal(_)) => self.towards(diagnostic, right, &left.ty),
            _ => self.towards(diagnostic, left, &right.ty),
        };
        self.refuse(diagnostic)
    }

    fn swapped_to_in(&self, list: Span, value: Span) -> Vec<crate::diagnostic::Edit> {
        let value_text = self.written(value);
        let list_text = self.written(list);
        vec![crate::diagnostic::Edit {
            span: list.to(value),
            replacement: format!("{value_text} in {list_text}"),
        }]
    }

    pub(super) fn membership(
        &mut self,
        needle: &Syntax,
        list: &Syntax,
        operator: Span,
        span: Span,
    ) -> Checked {
        if let Form::Call {
            receiver: None,
            name,
            arguments,
            name_span,
        } = &list.form
            && name == "segment"
        {
            let needle = self.expected(needle, &Type::String, "`in segment(…)`");
            let segment = self.segment(arguments, *name_span);
            let kind = Kind::InSegment {
                needle: needle?,
                segment: segment?,
            };
            return typed(kind, Type::Bool, span);
        }
        let needle = self.expression(needle, None);
        let hint = needle
            .as_ref()
            .map(|needle| Type::List(Box::new(needle.ty.clone())));
        let list = self.expression(list, hint.as_ref());
        let (needle, list) = (needle?, list?);
        let Type::List(element) = &list.ty else {
            return self.refuse_membership(&needle, &list, operator);
        };
        if !element.compares_with(&needle.ty) {
            let message = format!("{} is never in a {}", needle.ty.with_article(), list.ty);
            let diagnostic = Diagnostic::new(Code::TypeMismatch, message, operator)
                .also(needle.span, needle.ty.with_article())
                .also(list.span, format!("a {}", list.ty));
            let constant = match &list.kind {
                Kind::List(elements) => elements
                    .first()
                    .filter(|first| matches!(first.kind, Kind::Literal(_)))
                    .cloned(),
                _ => None,
            };
            let diagnostic = match constant {
                Some(first) => self.towards(diagnostic, &first, &needle.ty),
                None => self.towards(diagnostic, &needle, &element.clone()),
            };
            return self.refuse(diagnostic);
        }
        if let Kind::List(elements) = &list.kind {
            for element in elements {
                self.possible(&needle, element);
            }
            self.repeated(elements);
        }
        self.possible(&list, &needle);
        let kind = Kind::In { needle, list };
        typed(kind, Type::Bool, span)
    }

    fn refuse_membership(&mut self, needle: &Expression, list: &Expression, operator: Span) -> Checked {
        let message = format!("`in` takes a list on its right, not {}", list.ty.with_article());
        let diagnostic = Diagnostic::new(Code::TypeMismatch, message, list.span)
            .labelled(format!("this is {}", list.ty.with_article()));
        let diagnostic = match (&needle.kind, &list.kind) {
            (_, Kind::Literal(literal)) => {
                let text = match literal {
                    Literal::String(text) if text.contains(',') => text
                        .split(',')
                        .map(str::trim)
                        .map(|part| format!("{part:?}"))
                        .collect::<Vec<_>>()
                        .join(", "),
                    _ => self.written(list.span),
                };
                diagnostic.suggest("a list stands in brackets", list.span, format!("[{text}]"))
            }
            _ if list.ty == Type::String && needle.ty == Type::String => {
                let edit = format!(
                    "{}.contains({})",
                    self.written(list.span),
                    self.written(needle.span)
                );
                diagnostic.suggest(
                    "ask with `contains` whether a string is part of another",
                    needle.span.to(list.span),
                    edit,
                )
            }
            _ => diagnostic.suggest("use `==` to compare with one value", operator, "=="),
        };
        self.refuse(diagnostic)
    }

    /// What a span covers, as it was written in the condition.
    pub(super) fn written(&self, span: Span) -> String {
        self.text.decoded(span).to_owned()
    }
}
