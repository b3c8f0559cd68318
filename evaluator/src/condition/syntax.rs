//! What a condition says before its names and types are looked at.

use crate::source::Span;

/// An expression as it was written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Syntax {
    pub(super) form: Form,
    pub(super) span: Span,
    /// How deep it is nested: walks over it recurse.
    pub(super) height: usize,
}

/// The forms of an expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Form {
    Constant(Constant),
    /// A name; `.name` is looked up outside of macros.
    Name {
        name: String,
        root: bool,
    },
    /// `!x`, `-x`
    Unary {
        operator: Unary,
        operand: Box<Syntax>,
    },
    /// Comparisons, `in`, arithmetic.
    Binary {
        operator: Binary,
        operator_span: Span,
        left: Box<Syntax>,
        right: Box<Syntax>,
    },
    /// `a && b && c`
    And(Vec<Syntax>),
    /// `a || b || c`
    Or(Vec<Syntax>),
    /// `a ? b : c`
    Conditional {
        condition: Box<Syntax>,
        then: Box<Syntax>,
        otherwise: Box<Syntax>,
    },
    /// `a.b`
    Select {
        operand: Box<Syntax>,
        field: String,
    },
    /// `a[b]`
    Index {
        operand: Box<Syntax>,
        index: Box<Syntax>,
    },
    /// `f(a, b)`, `a.f(b)`
    Call {
        receiver: Option<Box<Syntax>>,
        name: String,
        name_span: Span,
        arguments: Vec<Syntax>,
    },
    /// `[a, b]`
    List(Vec<Syntax>),
}

/// A constant as it was written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Constant {
    Bool(bool),
    Int(i64),
    /// An int before its sign is known: at most 2⁶³.
    Magnitude(u64),
    Uint(u64),
    Double(f64),
    /// Its value, and where its body begins in the condition if every byte of it stands there as it is.
    String {
        value: String,
        body: Option<usize>,
    },
    Null,
}

/// Operators of one operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unary {
    Not,
    Negate,
}

/// Operators of two operands but the logical ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binary {
    Compare(super::Comparison),
    In,
    Arithmetic(super::Arithmetic),
}
