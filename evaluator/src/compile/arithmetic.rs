//! Arithmetic and functions that yield values. What has no answer (overflow, division by zero, an index past the end) is
//! unknown.

use wasm_encoder::ValType;

use super::CompileError;
use super::code::{Label, word};
use super::helpers::{self, Helper};
use super::lower::Lowering;
use crate::condition::{Arithmetic, DurationField, Expression, Function, TimestampField, Type};
use crate::program::abi::record;

impl Lowering<'_> {
    /// Pushes `left operator right`.
    pub(super) fn arithmetic(
        &mut self,
        operator: Arithmetic,
        left: &Expression,
        right: &Expression,
        unknown: Label,
    ) -> Result<(), CompileError> {
        // `duration + timestamp` is the one sum of different types that may be turned round.
        let (left, right) = match (&left.ty, operator, &right.ty) {
            (Type::Duration, Arithmetic::Add, Type::Timestamp) => (right, left),
            _ => (left, right),
        };
        self.value(left, unknown)?;
        self.value(right, unknown)?;
        let checked = match (&left.ty, operator, &right.ty) {
            (Type::Double, operator, Type::Double) => return self.double_arithmetic(operator),
            (Type::String, Arithmetic::Add, Type::String) => {
                self.call_for_record(helpers::JOIN_STRINGS, unknown);
                return Ok(());
            }
            (Type::List(_), Arithmetic::Add, Type::List(_)) => {
                self.call_for_record(helpers::JOIN_LISTS, unknown);
                return Ok(());
            }
            (Type::Int, operator, Type::Int) => int_helper(operator),
            (Type::Uint, operator, Type::Uint) => uint_helper(operator),
            (Type::Duration, Arithmetic::Add, Type::Duration) => helpers::ADD_INT,
            (Type::Duration, Arithmetic::Subtract, Type::Duration) => helpers::SUBTRACT_INT,
            (Type::Timestamp, Arithmetic::Add, Type::Duration) => helpers::ADD_TO_TIME,
            (Type::Timestamp, Arithmetic::Subtract, Type::Duration) => helpers::SUBTRACT_FROM_TIME,
            (Type::Timestamp, Arithmetic::Subtract, Type::Timestamp) => helpers::BETWEEN_TIMES,
            _ => {
                return Err(CompileError::IllTyped {
                    what: "arithmetic on types that have none",
                });
            }
        };
        self.checked(checked, unknown);
        Ok(())
    }

    fn double_arithmetic(&mut self, operator: Arithmetic) -> Result<(), CompileError> {
        match operator {
            Arithmetic::Add => self.code.put().f64_add(),
            Arithmetic::Subtract => self.code.put().f64_sub(),
            Arithmetic::Multiply => self.code.put().f64_mul(),
            Arithmetic::Divide => self.code.put().f64_div(),
            Arithmetic::Remainder => {
                return Err(CompileError::IllTyped {
                    what: "the remainder of doubles",
                });
            }
        };
        Ok(())
    }

    /// Pushes `-operand`.
    pub(super) fn negate(&mut self, operand: &Expression, unknown: Label) -> Result<(), CompileError> {
        match operand.ty {
            Type::Double => {
                self.value(operand, unknown)?;
                self.code.put().f64_neg();
            }
            Type::Int | Type::Duration => {
                self.code.put().i64_const(0);
                self.value(operand, unknown)?;
                self.checked(helpers::SUBTRACT_INT, unknown);
            }
            _ => {
                return Err(CompileError::IllTyped {
                    what: "the negative of something that has none",
                });
            }
        }
        Ok(())
    }

    /// Calls a helper that yields a value and whether there is one.
    fn checked(&mut self, helper: Helper, unknown: Label) {
        self.code.call(helper);
        self.code.branch_on(false, unknown);
    }

    /// Pushes what a function yields that is no bool.
    pub(super) fn call(
        &mut self,
        function: Function,
        arguments: &[Expression],
        unknown: Label,
    ) -> Result<(), CompileError> {
        let [argument] = arguments else {
            return Err(CompileError::IllTyped {
                what: "a function with too many or too few arguments",
            });
        };
        self.value(argument, unknown)?;
        match (function, &argument.ty) {
            (Function::SizeOfString, Type::String) => self.code.call(helpers::CODE_POINTS),
            (Function::SizeOfList, Type::List(_)) => {
                self.code.put().i64_load32_u(word(record::LENGTH));
            }
            (Function::ToInt, Type::Int)
            | (Function::ToUint, Type::Uint)
            | (Function::ToDouble, Type::Double) => {}
            // What is negative as the other type is out of its range, either way.
            (Function::ToInt, Type::Uint) | (Function::ToUint, Type::Int) => {
                let value = self.code.local(ValType::I64);
                self.code.tee(value);
                self.code.get(value);
                self.code.put().i64_const(0).i64_lt_s();
                self.code.br_if(unknown);
                self.code.release(value);
            }
            (Function::ToInt, Type::Double) => self.checked(helpers::INT_OF_DOUBLE, unknown),
            (Function::ToUint, Type::Double) => self.checked(helpers::UINT_OF_DOUBLE, unknown),
            (Function::ToInt, Type::Timestamp) => {
                self.code.put().drop();
            }
            (Function::ToDouble, Type::Int) => {
                self.code.put().f64_convert_i64_s();
            }
            (Function::ToDouble, Type::Uint) => {
                self.code.put().f64_convert_i64_u();
            }
            (Function::TimestampField(field), Type::Timestamp) => self.timestamp_field(field),
            (Function::DurationField(field), Type::Duration) => self.duration_field(field),
            _ => {
                return Err(CompileError::IllTyped {
                    what: "a function of a type that it has no meaning for",
                });
            }
        }
        Ok(())
    }

    fn timestamp_field(&mut self, field: TimestampField) {
        if field == TimestampField::Milliseconds {
            let nanos = self.code.local(ValType::I64);
            self.code.set(nanos);
            self.code.put().drop();
            self.code.get(nanos);
            self.code.put().i64_const(1_000_000).i64_div_u();
            self.code.release(nanos);
            return;
        }
        self.code.put().drop();
        match field {
            TimestampField::FullYear => self.code.call(helpers::YEAR_OF),
            TimestampField::Month => self.code.call(helpers::MONTH_OF),
            TimestampField::Date => self.code.call(helpers::DATE_OF),
            TimestampField::DayOfMonth => {
                // CEL counts this one from 0 and `getDate` from 1.
                self.code.call(helpers::DATE_OF);
                self.code.put().i64_const(1).i64_sub();
            }
            TimestampField::DayOfWeek => self.code.call(helpers::DAY_OF_WEEK),
            TimestampField::DayOfYear => self.code.call(helpers::DAY_OF_YEAR),
            TimestampField::Hours => {
                self.code.call(helpers::SECOND_OF_DAY);
                self.code.put().i64_const(3600).i64_div_u();
            }
            TimestampField::Minutes => {
                self.code.call(helpers::SECOND_OF_DAY);
                self.code
                    .put()
                    .i64_const(60)
                    .i64_div_u()
                    .i64_const(60)
                    .i64_rem_u();
            }
            TimestampField::Seconds | TimestampField::Milliseconds => {
                self.code.call(helpers::SECOND_OF_DAY);
                self.code.put().i64_const(60).i64_rem_u();
            }
        }
    }

    fn duration_field(&mut self, field: DurationField) {
        let nanos = match field {
            DurationField::Hours => 3_600_000_000_000,
            DurationField::Minutes => 60_000_000_000,
            DurationField::Seconds => 1_000_000_000,
            DurationField::Milliseconds => 1_000_000,
        };
        self.code.put().i64_const(nanos).i64_div_s();
        if field == DurationField::Milliseconds {
            // Alone of all it is a part, not the whole.
            self.code.put().i64_const(1000).i64_rem_s();
        }
    }
}

fn int_helper(operator: Arithmetic) -> Helper {
    match operator {
        Arithmetic::Add => helpers::ADD_INT,
        Arithmetic::Subtract => helpers::SUBTRACT_INT,
        Arithmetic::Multiply => helpers::MULTIPLY_INT,
        Arithmetic::Divide => helpers::DIVIDE_INT,
        Arithmetic::Remainder => helpers::REMAINDER_INT,
    }
}

fn uint_helper(operator: Arithmetic) -> Helper {
    match operator {
        Arithmetic::Add => helpers::ADD_UINT,
        Arithmetic::Subtract => helpers::SUBTRACT_UINT,
        Arithmetic::Multiply => helpers::MULTIPLY_UINT,
        Arithmetic::Divide => helpers::DIVIDE_UINT,
        Arithmetic::Remainder => helpers::REMAINDER_UINT,
    }
}
