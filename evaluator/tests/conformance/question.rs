//! From a row to questions: conditions, and whether each matches.
//!
//! A condition is a bool, so that a value is asked for by comparison. What is compared with is no text but a literal put
//! beside the checked expression: so the row's expression alone goes through the lexer and the parser.

use crossfade_evaluator::condition::{
    Arithmetic, Comparison, Environment, Expression, Kind, Literal, Type, check,
};
use crossfade_evaluator::diagnostic::{Code, Diagnostic, Severity};
use crossfade_evaluator::source::{FileId, MappedText, Span};

use crate::rows::{Expected, Row, Value};

/// A condition, and whether it matches in the row's context.
pub(crate) struct Question {
    /// Of `x`, the row's expression.
    pub(crate) text: &'static str,
    pub(crate) condition: Expression,
    pub(crate) matches: bool,
}

/// Why a row cannot be asked.
pub(crate) enum Unasked {
    /// A diagnostic of ours.
    Refused(Box<Diagnostic>),
    /// It was accepted as something else than it is.
    Misread(String),
}

/// The questions of a row that is accepted.
pub(crate) fn questions(row: &Row, environment: &Environment) -> Result<Vec<Question>, Unasked> {
    let x = expression(row.expression(), environment).map_err(Unasked::Refused)?;
    let found = x.ty.to_string();
    if let Some(expected) = row.ty()
        && expected != found
    {
        return Err(Unasked::Misread(format!("the type is {expected}, not {found}")));
    }
    match row.expected() {
        Expected::Accepted => Ok(Vec::new()),
        Expected::Error => Ok(of_error(&x)),
        Expected::Value(value) => of_value(&x, &value).ok_or_else(|| {
            Unasked::Misread(format!(
                "accepted as {found}, and its value is {}",
                value.type_name()
            ))
        }),
    }
}

/// A row's expression, checked; of any type.
fn expression(text: &str, environment: &Environment) -> Result<Expression, Box<Diagnostic>> {
    let mistake = match checked(text, environment) {
        Ok(condition) => return Ok(condition),
        Err(mistake) => mistake,
    };
    // Where it is only no condition, a comparison with itself is one. A comment may end the text.
    let only_no_bool =
        mistake.code == Code::TypeMismatch && mistake.message.starts_with("a condition is true or false");
    if !only_no_bool {
        return Err(mistake);
    }
    match checked(&format!("({text}\n) == ({text}\n)"), environment)?.kind {
        Kind::Compare { left, .. } => Ok(*left),
        _ => Err(mistake),
    }
}

/// A checked condition, or the first mistake in it.
fn checked(text: &str, environment: &Environment) -> Result<Expression, Box<Diagnostic>> {
    let mut diagnostics = Vec::new();
    let text = MappedText::verbatim(text, FileId(0), 0);
    let checked = check(&text, environment, &mut diagnostics);
    let first = diagnostics
        .into_iter()
        .find(|diagnostic| diagnostic.severity() == Severity::Error);
    match (checked, first) {
        (Some(condition), _) => Ok(condition),
        (None, Some(mistake)) => Err(mistake.into()),
        (None, None) => panic!("refused without a word: {}", text.as_str()),
    }
}

/// `None` where the value is not of the expression's type.
fn of_value(x: &Expression, value: &Value) -> Option<Vec<Question>> {
    let asked = |text, condition, matches| Question {
        text,
        condition,
        matches,
    };
    if let Value::Bool(value) = value {
        return (x.ty == Type::Bool).then(|| {
            vec![
                asked("x", x.clone(), *value),
                asked("!x", not(x.clone()), !value),
                // As a value in its own right.
                asked("x == true", equal(x.clone(), bool(true)), *value),
                asked("x != true", unequal(x.clone(), bool(true)), !value),
                asked("x ? true : false", if_else(x.clone(), true, false), *value),
                asked("x ? false : true", if_else(x.clone(), false, true), !value),
            ]
        });
    }
    let same = beside(value, &x.ty)?;
    let is_nan = matches!(value, Value::Double(value) if value.is_nan());
    let mut questions = vec![
        asked("x == value", equal(x.clone(), same.clone()), !is_nan),
        asked("!(x == value)", not(equal(x.clone(), same.clone())), is_nan),
        asked("x != value", unequal(x.clone(), same.clone()), is_nan),
        asked("!(x != value)", not(unequal(x.clone(), same)), !is_nan),
    ];
    if let Value::Double(value) = value {
        let nan = asked("x != x", unequal(x.clone(), x.clone()), is_nan);
        let inverse = new(
            Type::Double,
            Kind::Arithmetic {
                operator: Arithmetic::Divide,
                left: literal(Type::Double, Literal::Double(1.0)).into(),
                right: x.clone().into(),
            },
        );
        // Tells the two zeros apart.
        let negative = compare(
            Comparison::Less,
            inverse,
            literal(Type::Double, Literal::Double(0.0)),
        );
        questions.extend([nan, asked("1.0 / x < 0.0", negative, 1.0 / value < 0.0)]);
    }
    Some(questions)
}

/// An error is unknown: neither what is asked nor its opposite holds.
fn of_error(x: &Expression) -> Vec<Question> {
    let (yes, no) = if x.ty == Type::Bool {
        (x.clone(), not(x.clone()))
    } else {
        (equal(x.clone(), x.clone()), unequal(x.clone(), x.clone()))
    };
    let asked = |text, condition, matches| Question {
        text,
        condition,
        matches,
    };
    vec![
        asked("x", yes.clone(), false),
        asked("!x", no, false),
        asked("x ? true : true", if_else(yes.clone(), true, true), false),
        asked(
            "x || true",
            new(Type::Bool, Kind::Or(vec![yes.clone(), bool(true)])),
            true,
        ),
        asked(
            "!(x && false)",
            not(new(Type::Bool, Kind::And(vec![yes, bool(false)]))),
            true,
        ),
    ]
}

/// A value as an expression of this type.
fn beside(value: &Value, ty: &Type) -> Option<Expression> {
    match (value, ty) {
        (Value::Bool(value), Type::Bool) => Some(bool(*value)),
        (Value::Int(value), Type::Int) => Some(literal(Type::Int, Literal::Int(*value))),
        (Value::Uint(value), Type::Uint) => Some(literal(Type::Uint, Literal::Uint(*value))),
        (Value::Double(value), Type::Double) => Some(literal(Type::Double, Literal::Double(*value))),
        (Value::String(value), Type::String) => Some(literal(Type::String, Literal::String(value.clone()))),
        (Value::List(values), Type::List(element)) => {
            let elements: Option<Vec<Expression>> =
                values.iter().map(|value| beside(value, element)).collect();
            Some(new(ty.clone(), Kind::List(elements?)))
        }
        _ => None,
    }
}

fn new(ty: Type, kind: Kind) -> Expression {
    Expression {
        kind,
        ty,
        span: Span::default(),
    }
}

fn literal(ty: Type, literal: Literal) -> Expression {
    new(ty, Kind::Literal(literal))
}

fn bool(value: bool) -> Expression {
    literal(Type::Bool, Literal::Bool(value))
}

fn not(operand: Expression) -> Expression {
    new(Type::Bool, Kind::Not(operand.into()))
}

fn equal(left: Expression, right: Expression) -> Expression {
    compare(Comparison::Equal, left, right)
}

fn unequal(left: Expression, right: Expression) -> Expression {
    compare(Comparison::NotEqual, left, right)
}

fn compare(operator: Comparison, left: Expression, right: Expression) -> Expression {
    new(
        Type::Bool,
        Kind::Compare {
            operator,
            left: left.into(),
            right: right.into(),
        },
    )
}

fn if_else(condition: Expression, then: bool, otherwise: bool) -> Expression {
    new(
        Type::Bool,
        Kind::Conditional {
            condition: condition.into(),
            then: bool(then).into(),
            otherwise: bool(otherwise).into(),
        },
    )
}
