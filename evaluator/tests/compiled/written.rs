//! Conditions as CEL writes them: for our own parser, and for another implementation of CEL.

use std::fmt::Write as _;

use crossfade_evaluator::condition::{
    Arithmetic, AttributeId, Comparison, DurationField, Environment, Expression, Function, Kind, Literal,
    Macro, TimestampField, Type,
};

use crate::values::{V, of_literal, rfc3339};

/// Who is to read it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Reader {
    /// Our parser: attributes by their names.
    Ours,
    /// Plain CEL: attributes are the keys of a map `c`, so that one can be missing and `has` can ask; what JSON has no type for is
    /// converted from a string; a segment is a list.
    PlainCel,
}

/// A condition's text.
pub(crate) fn written(expression: &Expression, environment: &Environment, reader: Reader) -> String {
    Writer { environment, reader }.expression(expression)
}

/// A duration that is an error beyond 64 bits of nanoseconds, as cel-go has it, for an implementation that lets sums be longer.
fn bounded_duration(text: &str) -> String {
    let least = "(duration(\"-9223372036s\") + duration(\"-854775808ns\"))";
    let most = "(duration(\"9223372036s\") + duration(\"854775807ns\"))";
    format!("({text} >= {least} && {text} <= {most} ? {text} : [{text}][1])")
}

fn may_be_nan(operator: Comparison, left: &Expression, right: &Expression) -> bool {
    !matches!(operator, Comparison::Equal | Comparison::NotEqual)
        && (left.ty == Type::Double || right.ty == Type::Double)
}

struct Writer<'e> {
    environment: &'e Environment,
    reader: Reader,
}

impl Writer<'_> {
    fn expression(&self, expression: &Expression) -> String {
        let operands = |operands: &[Expression], operator: &str| {
            let operands: Vec<String> = operands.iter().map(|operand| self.expression(operand)).collect();
            operands.join(operator)
        };
        match &expression.kind {
            // It reads fractions as doubles, and so rounds them.
            Kind::Literal(Literal::Duration(nanos)) if self.reader == Reader::PlainCel => {
                let (seconds, nanos) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
                format!("(duration(\"{seconds}s\") + duration(\"{nanos}ns\"))")
            }
            Kind::Literal(literal) => literal_text(literal),
            Kind::Attribute(id) => self.attribute(*id),
            Kind::Local(local) => format!("x{}", local.0),
            Kind::Now => match self.reader {
                Reader::Ours => "now".to_owned(),
                Reader::PlainCel => "timestamp(now)".to_owned(),
            },
            Kind::Has(id) => format!("has({})", self.path(*id)),
            Kind::Not(operand) => format!("!({})", self.expression(operand)),
            Kind::And(all) => format!("({})", operands(all, " && ")),
            Kind::Or(any) => format!("({})", operands(any, " || ")),
            Kind::Conditional {
                condition,
                then,
                otherwise,
            } => format!(
                "({} ? {} : {})",
                self.expression(condition),
                self.expression(then),
                self.expression(otherwise)
            ),
            Kind::Compare {
                operator,
                left,
                right,
            } if self.reader == Reader::PlainCel && may_be_nan(*operator, left, right) => {
                self.order_with_nan(left, comparison(*operator), right)
            }
            Kind::Compare {
                operator,
                left,
                right,
            } => self.between(left, comparison(*operator), right),
            Kind::In { needle, list } => self.between(needle, "in", list),
            Kind::InSegment { needle, segment } => {
                let needle = self.expression(needle);
                let segment = self.environment.segment(*segment).expect("a segment");
                match self.reader {
                    Reader::Ours => format!("({needle} in segment(\"{}\"))", segment.name),
                    Reader::PlainCel => {
                        let values: Vec<String> =
                            segment.values.iter().map(|value| string_text(value)).collect();
                        format!("({needle} in [{}])", values.join(", "))
                    }
                }
            }
            Kind::Arithmetic {
                operator,
                left,
                right,
            } if self.reader == Reader::PlainCel && expression.ty == Type::Duration => {
                bounded_duration(&self.between(left, arithmetic(*operator), right))
            }
            Kind::Arithmetic {
                operator,
                left,
                right,
            } => self.between(left, arithmetic(*operator), right),
            Kind::Negate(operand) => format!("(-({}))", self.expression(operand)),
            Kind::List(elements) => format!("[{}]", operands(elements, ", ")),
            Kind::Index { list, index } => format!("{}[{}]", self.expression(list), self.expression(index)),
            Kind::Comprehension {
                macro_,
                variable,
                list,
                predicate,
            } => format!(
                "{}.{}(x{}, {})",
                self.expression(list),
                match macro_ {
                    Macro::Exists => "exists",
                    Macro::All => "all",
                    Macro::ExistsOne => "exists_one",
                },
                variable.0,
                self.expression(predicate)
            ),
            Kind::Call { function, arguments } => self.call(*function, arguments),
            Kind::Matches { text, pattern } => {
                let pattern = match (self.reader, pattern.as_str()) {
                    // What the checker makes of it.
                    (Reader::Ours, r"(?-u:\b)b") => r"\bb",
                    (_, pattern) => pattern,
                };
                format!("{}.matches({})", self.expression(text), string_text(pattern))
            }
        }
    }

    fn between(&self, left: &Expression, operator: &str, right: &Expression) -> String {
        format!(
            "({} {operator} {})",
            self.expression(left),
            self.expression(right)
        )
    }

    /// An order that NaN makes false, for an implementation to which it is an error then. An operand that is an error still is one.
    fn order_with_nan(&self, left: &Expression, operator: &str, right: &Expression) -> String {
        let (a, b) = (self.expression(left), self.expression(right));
        format!("({a} == {a} ? ({b} == {b} ? {a} {operator} {b} : false) : ({b} == {b} ? false : false))")
    }

    fn path(&self, id: AttributeId) -> String {
        let name = &self.environment.attribute(id).expect("an attribute").name;
        match self.reader {
            Reader::Ours => name.clone(),
            Reader::PlainCel => format!("c.{name}"),
        }
    }

    fn attribute(&self, id: AttributeId) -> String {
        let path = self.path(id);
        let ty = &self.environment.attribute(id).expect("an attribute").ty;
        match (self.reader, ty) {
            (Reader::PlainCel, Type::Timestamp) => format!("timestamp({path})"),
            (Reader::PlainCel, Type::List(element)) if **element == Type::Timestamp => {
                format!("{path}.map(t, timestamp(t))")
            }
            _ => path,
        }
    }

    fn call(&self, function: Function, arguments: &[Expression]) -> String {
        let texts: Vec<String> = arguments
            .iter()
            .map(|argument| self.expression(argument))
            .collect();
        let alone = |name: &str| format!("{name}({})", texts[0]);
        let method = |name: &str| format!("{}.{name}({})", texts[0], texts[1..].join(", "));
        match function {
            Function::StartsWith => method("startsWith"),
            Function::EndsWith => method("endsWith"),
            Function::Contains => method("contains"),
            Function::SizeOfString | Function::SizeOfList => alone("size"),
            Function::ToInt => alone("int"),
            Function::ToUint => alone("uint"),
            Function::ToDouble => alone("double"),
            Function::TimestampField(field) => method(match field {
                TimestampField::FullYear => "getFullYear",
                TimestampField::Month => "getMonth",
                TimestampField::Date => "getDate",
                TimestampField::DayOfMonth => "getDayOfMonth",
                TimestampField::DayOfWeek => "getDayOfWeek",
                TimestampField::DayOfYear => "getDayOfYear",
                TimestampField::Hours => "getHours",
                TimestampField::Minutes => "getMinutes",
                TimestampField::Seconds => "getSeconds",
                TimestampField::Milliseconds => "getMilliseconds",
            }),
            // CEL's is what is left over of whole seconds; there it is all of the duration.
            Function::DurationField(DurationField::Milliseconds) if self.reader == Reader::PlainCel => {
                format!("({} % 1000)", method("getMilliseconds"))
            }
            Function::DurationField(field) => method(match field {
                DurationField::Hours => "getHours",
                DurationField::Minutes => "getMinutes",
                DurationField::Seconds => "getSeconds",
                DurationField::Milliseconds => "getMilliseconds",
            }),
        }
    }
}

fn literal_text(literal: &Literal) -> String {
    match literal {
        Literal::Bool(value) => value.to_string(),
        Literal::Int(value) if *value < 0 => format!("({value})"),
        Literal::Int(value) => value.to_string(),
        Literal::Uint(value) => format!("{value}u"),
        Literal::Double(value) if value.is_nan() => "(0.0 / 0.0)".to_owned(),
        Literal::Double(value) if value.is_infinite() => format!("({:?} / 0.0)", value.signum()),
        Literal::Double(value) => format!("({value:?})"),
        Literal::String(text) => string_text(text),
        Literal::Timestamp { .. } => match of_literal(literal) {
            V::Time(time) => format!("timestamp(\"{}\")", rfc3339(time, 0)),
            other => panic!("{other:?} is no timestamp"),
        },
        Literal::Duration(nanos) => {
            let sign = if *nanos < 0 { "-" } else { "" };
            let nanos = nanos.unsigned_abs();
            format!(
                "duration(\"{sign}{}.{:09}s\")",
                nanos / 1_000_000_000,
                nanos % 1_000_000_000
            )
        }
        Literal::Semver(text) => format!("semver(\"{text}\")"),
    }
}

fn string_text(text: &str) -> String {
    let mut written = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => written.extend(['\\', character]),
            control if control < ' ' => {
                // Writing into a string cannot fail.
                let _ = write!(written, "\\u{:04x}", u32::from(control));
            }
            other => written.push(other),
        }
    }
    written + "\""
}

fn comparison(operator: Comparison) -> &'static str {
    match operator {
        Comparison::Equal => "==",
        Comparison::NotEqual => "!=",
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
    }
}

fn arithmetic(operator: Arithmetic) -> &'static str {
    match operator {
        Arithmetic::Add => "+",
        Arithmetic::Subtract => "-",
        Arithmetic::Multiply => "*",
        Arithmetic::Divide => "/",
        Arithmetic::Remainder => "%",
    }
}
