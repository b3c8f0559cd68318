//! Conversions: those of constants are done here, those of attributes at run time where the program can.

use super::{Checked, Checker, constant, typed};
use crate::condition::syntax::Syntax;
use crate::condition::{Function, Kind, Literal, Type, mistakes, time, version};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

impl Checker<'_> {
    /// `timestamp("…")`, `int(x)` and their kin.
    pub(super) fn conversion(
        &mut self,
        name: &str,
        name_span: Span,
        arguments: &[Syntax],
        span: Span,
    ) -> Checked {
        let [syntax] = self.arguments::<1>(name, arguments, name_span)?;
        let argument = self.expression(syntax, None)?;
        let target = target(name)?;
        if argument.ty == target {
            return typed(argument.kind, argument.ty, span);
        }
        if let Kind::Literal(literal) = &argument.kind {
            match converted(literal, &target) {
                Conversion::Constant(literal) => return constant(literal, span),
                Conversion::Error(reason) => {
                    let message = format!("`{}` is always an error: {reason}", self.written(span));
                    let diagnostic = Diagnostic::new(Code::InvalidConstant, message, syntax.span)
                        .labelled(format!("not a {target}"));
                    return self.refuse(diagnostic);
                }
                Conversion::AtRunTime => {}
            }
        }
        let function = match (&target, &argument.ty) {
            (Type::Int, Type::Uint | Type::Double | Type::Timestamp) => Function::ToInt,
            (Type::Uint, Type::Int | Type::Double) => Function::ToUint,
            (Type::Double, Type::Int | Type::Uint) => Function::ToDouble,
            (Type::String, ty) if !matches!(ty, Type::List(_) | Type::Semver) => {
                return self.refuse(mistakes::unsupported("string conversion", span));
            }
            (
                Type::Bool
                | Type::Int
                | Type::Uint
                | Type::Double
                | Type::Timestamp
                | Type::Duration
                | Type::Semver,
                Type::String,
            ) => {
                let diagnostic = mistakes::unsupported("conversion from strings", span);
                return self.refuse(match argument.kind {
                    Kind::Attribute(_) if target != Type::Duration && target != Type::Uint => {
                        diagnostic.help(format!("declare the attribute as `{target}` in context.yaml"))
                    }
                    _ => diagnostic,
                });
            }
            _ => {
                let message = format!(
                    "{} cannot be converted to {}",
                    argument.ty.with_article(),
                    target.with_article()
                );
                let label = format!("this is {}", argument.ty.with_article());
                return self
                    .refuse(Diagnostic::new(Code::TypeMismatch, message, argument.span).labelled(label));
            }
        };
        typed(
            Kind::Call {
                function,
                arguments: vec![*argument],
            },
            target,
            span,
        )
    }
}

fn target(name: &str) -> Option<Type> {
    Some(match name {
        "timestamp" => Type::Timestamp,
        "duration" => Type::Duration,
        "semver" => Type::Semver,
        "int" => Type::Int,
        "uint" => Type::Uint,
        "double" => Type::Double,
        "string" => Type::String,
        "bool" => Type::Bool,
        _ => return None,
    })
}

enum Conversion {
    Constant(Literal),
    /// An error whenever it is evaluated.
    Error(&'static str),
    /// The program has code for it, or it is not defined.
    AtRunTime,
}

fn converted(literal: &Literal, target: &Type) -> Conversion {
    let text = match literal {
        Literal::String(text) => text,
        Literal::Int(seconds) if *target == Type::Timestamp => {
            return if time::is_timestamp(*seconds) {
                Conversion::Constant(Literal::Timestamp {
                    seconds: *seconds,
                    nanos: 0,
                })
            } else {
                Conversion::Error("instants lie in the years 1 to 9999")
            };
        }
        other if *target == Type::String => return as_string(other),
        _ => return Conversion::AtRunTime,
    };
    let read = match target {
        Type::Timestamp => {
            time::parse_timestamp(text).map(|(seconds, nanos)| Literal::Timestamp { seconds, nanos })
        }
        Type::Duration => time::parse_duration(text).map(Literal::Duration),
        Type::Semver => match version::version_mistake(text) {
            Some(reason) => Err(reason),
            None => Ok(Literal::Semver(text.clone())),
        },
        Type::Int => text
            .parse()
            .map(Literal::Int)
            .map_err(|_| "the string is not a 64-bit int"),
        Type::Uint => text
            .parse()
            .map(Literal::Uint)
            .map_err(|_| "the string is not a 64-bit uint"),
        Type::Double => double(text)
            .map(Literal::Double)
            .ok_or("the string is not a double"),
        // What Go's `strconv.ParseBool` takes, which CEL's conformance tests ask for.
        Type::Bool => match text.as_str() {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(Literal::Bool(true)),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(Literal::Bool(false)),
            _ => Err("the string is neither true nor false"),
        },
        _ => return Conversion::AtRunTime,
    };
    match read {
        Ok(literal) => Conversion::Constant(literal),
        Err(reason) => Conversion::Error(reason),
    }
}

/// Decimal notation, infinities and NaN; what is too large is infinite to `parse`, and to CEL an error.
fn double(text: &str) -> Option<f64> {
    let value: f64 = text.parse().ok()?;
    let is_finite_notation = text.bytes().any(|b| b.is_ascii_digit());
    (value.is_finite() || !is_finite_notation).then_some(value)
}

fn as_string(literal: &Literal) -> Conversion {
    Conversion::Constant(Literal::String(match literal {
        Literal::Bool(value) => value.to_string(),
        Literal::Int(value) => value.to_string(),
        Literal::Uint(value) => value.to_string(),
        Literal::Timestamp { seconds, nanos } => time::format_timestamp(*seconds, *nanos),
        Literal::Duration(nanos) => time::format_duration(*nanos),
        Literal::Double(value) if is_plain(*value) => value.to_string(),
        Literal::Double(_) | Literal::Semver(_) | Literal::String(_) => return Conversion::AtRunTime,
    }))
}

/// Whether all implementations of CEL write a double alike: with a point, without an exponent, and with few digits. How they
/// write the others differs.
fn is_plain(value: f64) -> bool {
    const DIGITS_AT_MOST: usize = 6;
    let size = value.abs();
    let written = size.to_string();
    let digits = written
        .trim_start_matches(['0', '.'])
        .bytes()
        .filter(u8::is_ascii_digit)
        .count();
    value.fract() != 0.0 && (1e-3..1e7).contains(&size) && digits <= DIGITS_AT_MOST
}
