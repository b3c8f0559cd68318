//! The lists that a condition has an attribute in, as they were written: for whoever edits them.

use super::parse;
use super::syntax::{Binary, Constant, Form, Syntax};
use crate::source::{MappedText, Span};

/// `attribute in […]`, or `attribute in segment("…")`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Members {
    /// A list, and each of its elements that is a constant.
    List { span: Span, elements: Vec<Element> },
    /// A segment.
    Segment(String),
}

/// An element of a list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Element {
    /// As a text, whatever its type.
    pub(crate) value: String,
    /// Whether it is a string rather than a number.
    pub(crate) is_string: bool,
    pub(crate) span: Span,
}

/// Where a condition has `attribute` in a list or a segment; nothing where it cannot be parsed.
pub(crate) fn members_of(attribute: &str, text: &MappedText) -> Vec<Members> {
    let mut found = Vec::new();
    if let Ok(syntax) = parse::parse(text) {
        look(attribute, &syntax, &mut found);
    }
    found
}

fn look(attribute: &str, syntax: &Syntax, found: &mut Vec<Members>) {
    if let Form::Binary {
        operator: Binary::In,
        left,
        right,
        ..
    } = &syntax.form
        && matches!(&left.form, Form::Name { name, .. } if name == attribute)
    {
        found.extend(members(right));
        return;
    }
    match &syntax.form {
        Form::Unary { operand, .. } | Form::Select { operand, .. } => look(attribute, operand, found),
        Form::Binary { left, right, .. } => {
            look(attribute, left, found);
            look(attribute, right, found);
        }
        Form::And(operands) | Form::Or(operands) | Form::List(operands) => {
            for operand in operands {
                look(attribute, operand, found);
            }
        }
        Form::Conditional {
            condition,
            then,
            otherwise,
        } => {
            for part in [condition, then, otherwise] {
                look(attribute, part, found);
            }
        }
        Form::Index { operand, index } => {
            look(attribute, operand, found);
            look(attribute, index, found);
        }
        Form::Call {
            receiver, arguments, ..
        } => {
            for part in receiver.as_deref().into_iter().chain(arguments) {
                look(attribute, part, found);
            }
        }
        Form::Constant(_) | Form::Name { .. } => {}
    }
}

fn members(right: &Syntax) -> Option<Members> {
    match &right.form {
        Form::List(elements) => Some(Members::List {
            span: right.span,
            elements: elements.iter().filter_map(element).collect(),
        }),
        Form::Call { name, arguments, .. } if name == "segment" => match arguments.as_slice() {
            [
                Syntax {
                    form: Form::Constant(Constant::String { value, .. }),
                    ..
                },
            ] => Some(Members::Segment(value.clone())),
            _ => None,
        },
        _ => None,
    }
}

fn element(syntax: &Syntax) -> Option<Element> {
    let (value, is_string) = match &syntax.form {
        Form::Constant(Constant::String { value, .. }) => (value.clone(), true),
        Form::Constant(Constant::Int(value)) => (value.to_string(), false),
        Form::Constant(Constant::Uint(value)) => (value.to_string(), false),
        _ => return None,
    };
    Some(Element {
        value,
        is_string,
        span: syntax.span,
    })
}
