//! What CEL's operators and functions yield. What has no answer has a reason.

use super::cause::Cause;
use super::value::{Value, seconds_and_nanos};
use crate::condition::{Arithmetic, DurationField, Function, is_timestamp, timestamp_field};

/// Why there is no answer; it becomes a [`Cause`] with its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    Overflow,
    DivisionByZero,
    /// Operands that the checker lets nobody write.
    IllFormed,
}

impl Failure {
    pub(super) fn at(self, expression: String) -> Cause {
        match self {
            Failure::Overflow => Cause::Overflow { expression },
            Failure::DivisionByZero => Cause::DivisionByZero { expression },
            Failure::IllFormed => Cause::IllFormed { expression },
        }
    }
}

type Result<T> = std::result::Result<T, Failure>;

/// `left operator right`
pub(super) fn arithmetic(operator: Arithmetic, left: &Value, right: &Value) -> Result<Value> {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => {
            let result = match operator {
                Arithmetic::Divide | Arithmetic::Remainder if *right == 0 => {
                    return Err(Failure::DivisionByZero);
                }
                Arithmetic::Add => left.checked_add(*right),
                Arithmetic::Subtract => left.checked_sub(*right),
                Arithmetic::Multiply => left.checked_mul(*right),
                Arithmetic::Divide => left.checked_div(*right),
                Arithmetic::Remainder => left.checked_rem(*right),
            };
            result.map(Value::Int).ok_or(Failure::Overflow)
        }
        (Value::Uint(left), Value::Uint(right)) => {
            let result = match operator {
                Arithmetic::Divide | Arithmetic::Remainder if *right == 0 => {
                    return Err(Failure::DivisionByZero);
                }
                Arithmetic::Add => left.checked_add(*right),
                Arithmetic::Subtract => left.checked_sub(*right),
                Arithmetic::Multiply => left.checked_mul(*right),
                Arithmetic::Divide => left.checked_div(*right),
                Arithmetic::Remainder => left.checked_rem(*right),
            };
            result.map(Value::Uint).ok_or(Failure::Overflow)
        }
        (Value::Double(left), Value::Double(right)) => match operator {
            Arithmetic::Add => Ok(Value::Double(left + right)),
            Arithmetic::Subtract => Ok(Value::Double(left - right)),
            Arithmetic::Multiply => Ok(Value::Double(left * right)),
            Arithmetic::Divide => Ok(Value::Double(left / right)),
            Arithmetic::Remainder => Err(Failure::IllFormed),
        },
        (left, right) => sum(operator, left, right),
    }
}

/// Sums and differences of what is no number.
fn sum(operator: Arithmetic, left: &Value, right: &Value) -> Result<Value> {
    match (left, operator, right) {
        (Value::String(left), Arithmetic::Add, Value::String(right)) => {
            Ok(Value::String([&**left, &**right].concat().into()))
        }
        (Value::List(left), Arithmetic::Add, Value::List(right)) => {
            Ok(Value::List([&**left, &**right].concat().into()))
        }
        (Value::Duration(left), Arithmetic::Add, Value::Duration(right)) => left
            .checked_add(*right)
            .map(Value::Duration)
            .ok_or(Failure::Overflow),
        (Value::Duration(left), Arithmetic::Subtract, Value::Duration(right)) => left
            .checked_sub(*right)
            .map(Value::Duration)
            .ok_or(Failure::Overflow),
        (Value::Timestamp(time), Arithmetic::Add, Value::Duration(duration))
        | (Value::Duration(duration), Arithmetic::Add, Value::Timestamp(time)) => {
            timestamp(*time + i128::from(*duration))
        }
        (Value::Timestamp(time), Arithmetic::Subtract, Value::Duration(duration)) => {
            timestamp(*time - i128::from(*duration))
        }
        (Value::Timestamp(left), Arithmetic::Subtract, Value::Timestamp(right)) => {
            i64::try_from(left - right)
                .map(Value::Duration)
                .map_err(|_| Failure::Overflow)
        }
        _ => Err(Failure::IllFormed),
    }
}

fn timestamp(time: i128) -> Result<Value> {
    let (seconds, _) = seconds_and_nanos(time);
    if is_timestamp(seconds) {
        Ok(Value::Timestamp(time))
    } else {
        Err(Failure::Overflow)
    }
}

/// `-operand`
pub(super) fn negate(operand: &Value) -> Result<Value> {
    match operand {
        Value::Int(value) => value.checked_neg().map(Value::Int).ok_or(Failure::Overflow),
        Value::Duration(value) => value.checked_neg().map(Value::Duration).ok_or(Failure::Overflow),
        Value::Double(value) => Ok(Value::Double(-value)),
        _ => Err(Failure::IllFormed),
    }
}

/// `function(arguments)`, the receiver first.
pub(super) fn call(function: Function, arguments: &[Value]) -> Result<Value> {
    Ok(match (function, arguments) {
        (Function::StartsWith, [Value::String(text), Value::String(part)]) => {
            Value::Bool(text.starts_with(&**part))
        }
        (Function::EndsWith, [Value::String(text), Value::String(part)]) => {
            Value::Bool(text.ends_with(&**part))
        }
        (Function::Contains, [Value::String(text), Value::String(part)]) => {
            Value::Bool(text.contains(&**part))
        }
        (Function::SizeOfString, [Value::String(text)]) => Value::Int(text.chars().count() as i64),
        (Function::SizeOfList, [Value::List(elements)]) => Value::Int(elements.len() as i64),
        (Function::ToInt, [value]) => Value::Int(to_int(value)?),
        (Function::ToUint, [value]) => Value::Uint(to_uint(value)?),
        (Function::ToDouble, [Value::Double(value)]) => Value::Double(*value),
        (Function::ToDouble, [Value::Int(value)]) => Value::Double(*value as f64),
        (Function::ToDouble, [Value::Uint(value)]) => Value::Double(*value as f64),
        (Function::TimestampField(field), [Value::Timestamp(time)]) => {
            let (seconds, nanos) = seconds_and_nanos(*time);
            Value::Int(timestamp_field(field, seconds, nanos))
        }
        (Function::DurationField(field), [Value::Duration(nanos)]) => {
            Value::Int(duration_field(field, *nanos))
        }
        _ => return Err(Failure::IllFormed),
    })
}

fn to_int(value: &Value) -> Result<i64> {
    const END: f64 = 9_223_372_036_854_775_808.0;
    match value {
        Value::Int(value) => Ok(*value),
        Value::Uint(value) => i64::try_from(*value).map_err(|_| Failure::Overflow),
        // Both ends are left out, as cel-go has it.
        Value::Double(value) if *value > -END && *value < END => Ok(*value as i64),
        Value::Double(_) => Err(Failure::Overflow),
        Value::Timestamp(time) => Ok(seconds_and_nanos(*time).0),
        _ => Err(Failure::IllFormed),
    }
}

fn to_uint(value: &Value) -> Result<u64> {
    const END: f64 = 18_446_744_073_709_551_616.0;
    match value {
        Value::Uint(value) => Ok(*value),
        Value::Int(value) => u64::try_from(*value).map_err(|_| Failure::Overflow),
        Value::Double(value) if *value >= 0.0 && *value < END => Ok(*value as u64),
        Value::Double(_) => Err(Failure::Overflow),
        _ => Err(Failure::IllFormed),
    }
}

fn duration_field(field: DurationField, nanos: i64) -> i64 {
    match field {
        DurationField::Hours => nanos / 3_600_000_000_000,
        DurationField::Minutes => nanos / 60_000_000_000,
        DurationField::Seconds => nanos / 1_000_000_000,
        // Alone of all it is a part, not the whole.
        DurationField::Milliseconds => nanos / 1_000_000 % 1000,
    }
}
