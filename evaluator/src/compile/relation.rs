//! Tests of values: comparisons, membership, predicates of strings. Each becomes one bit on the stack.

use wasm_encoder::{BlockType, ValType};

use super::CompileError;
use super::code::{Label, word};
use super::lower::Lowering;
use super::value::Record;
use super::{helpers, numbers};
use crate::condition::{Comparison, Expression, Function, Kind, Literal, Type};
use crate::program::abi::{record, tag};

/// Which questions the bit must answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// Only whether the relation is definitely this: where it is unknown the bit may as well be the opposite,
    /// which saves a test wherever a missing attribute compares so by itself.
    Whether(bool),
    /// True, false or unknown.
    Both,
}

impl Lowering<'_> {
    /// Pushes whether a relation holds. Where it is unknown it branches to `unknown`, or pushes the opposite of what
    /// is asked.
    pub(super) fn relation(
        &mut self,
        expression: &Expression,
        asked: Asked,
        unknown: Label,
    ) -> Result<(), CompileError> {
        match &expression.kind {
            Kind::Attribute(_) | Kind::Local(_) | Kind::Index { .. } => {
                self.bool_record(expression, asked, unknown)
            }
            Kind::Has(attribute) => {
                let slot = self.layout.slot(*attribute)?;
                let parse = match self.attribute_type(*attribute)? {
                    Type::Timestamp => Some(helpers::TIMESTAMP),
                    Type::Semver => Some(helpers::SEMVER),
                    _ => None,
                };
                self.code.address(slot);
                match parse {
                    Some(parse) => self.code.call(parse),
                    None => {
                        self.code.put().i32_load(word(record::TAG)).i32_const(0).i32_ne();
                    }
                }
                Ok(())
            }
            Kind::Compare {
                operator,
                left,
                right,
            } => self.compare(*operator, left, right, asked, unknown),
            Kind::In { needle, list } => self.contains(needle, list, asked, unknown),
            Kind::InSegment { needle, segment } => self.in_segment(needle, *segment, asked, unknown),
            Kind::Call { function, arguments } => {
                let helper = match function {
                    Function::StartsWith => helpers::STARTS_WITH,
                    Function::EndsWith => helpers::ENDS_WITH,
                    Function::Contains => helpers::CONTAINS,
                    _ => {
                        return Err(CompileError::IllTyped {
                            what: "a function that yields no bool",
                        });
                    }
                };
                for argument in arguments {
                    self.value(argument, unknown)?;
                }
                self.code.call(helper);
                Ok(())
            }
            Kind::Matches { text, pattern } => {
                let table = self.layout.pattern(pattern)?;
                self.value(text, unknown)?;
                self.code.address(table);
                self.code.call(helpers::MATCHES);
                Ok(())
            }
            Kind::Comprehension { .. } => self.exists_one(expression, unknown),
            _ => Err(CompileError::IllTyped {
                what: "a condition that is not a bool",
            }),
        }
    }

    fn bool_record(
        &mut self,
        expression: &Expression,
        asked: Asked,
        unknown: Label,
    ) -> Result<(), CompileError> {
        let held = self.record(expression, unknown)?;
        if asked == Asked::Both {
            self.require(held, expression, unknown)?;
        }
        self.push(held);
        if asked == Asked::Whether(false) {
            self.code
                .put()
                .i32_load(word(record::TAG))
                .i32_const(tag::FALSE.cast_signed())
                .i32_ne();
        } else {
            self.code
                .put()
                .i32_load(word(record::TAG))
                .i32_const(tag::TRUE.cast_signed())
                .i32_eq();
        }
        self.release(held);
        Ok(())
    }

    fn compare(
        &mut self,
        operator: Comparison,
        left: &Expression,
        right: &Expression,
        asked: Asked,
        unknown: Label,
    ) -> Result<(), CompileError> {
        let equal = match operator {
            Comparison::Equal => Some(true),
            Comparison::NotEqual => Some(false),
            _ => None,
        };
        match (equal, &left.kind, &right.kind) {
            (Some(equal), _, Kind::Literal(Literal::String(text))) => {
                return self.equals_literal(left, text, equal, asked, unknown);
            }
            (Some(equal), Kind::Literal(Literal::String(text)), _) => {
                return self.equals_literal(right, text, equal, asked, unknown);
            }
            _ => {}
        }
        let (operator, left, right) = if numbers::is_canonical(&left.ty, &right.ty) {
            (operator, left, right)
        } else {
            (turned(operator), right, left)
        };
        for operand in [left, right] {
            if operand.ty == Type::Bool {
                self.if_known(operand, unknown)?;
            } else {
                self.value(operand, unknown)?;
            }
        }
        if let (Type::List(left), Type::List(right)) = (&left.ty, &right.ty) {
            return self.equal_lists([left, right], equal, unknown);
        }
        self.relate(operator, &left.ty, &right.ty)
    }

    /// Pushes whether the two values on the stack, of types in the order that [`numbers::is_canonical`] wants, relate so.
    pub(super) fn relate(
        &mut self,
        operator: Comparison,
        left: &Type,
        right: &Type,
    ) -> Result<(), CompileError> {
        let order = match (left, right) {
            (Type::Int, Type::Int) | (Type::Duration, Type::Duration) => {
                self.relate_longs(operator, true);
                return Ok(());
            }
            (Type::Uint, Type::Uint) => {
                self.relate_longs(operator, false);
                return Ok(());
            }
            (Type::Double, Type::Double) => {
                self.relate_doubles(operator);
                return Ok(());
            }
            (Type::Bool, Type::Bool) => {
                self.relate_words(operator);
                return Ok(());
            }
            (Type::String, Type::String) if operator == Comparison::Equal => {
                self.code.call(helpers::EQUAL_STRINGS);
                return Ok(());
            }
            (Type::String, Type::String) if operator == Comparison::NotEqual => {
                self.code.call(helpers::EQUAL_STRINGS);
                self.code.put().i32_eqz();
                return Ok(());
            }
            (Type::String, Type::String) => helpers::COMPARE_STRINGS,
            (Type::Int, Type::Uint) => helpers::COMPARE_INT_UINT,
            (Type::Int, Type::Double) => helpers::COMPARE_INT_DOUBLE,
            (Type::Uint, Type::Double) => helpers::COMPARE_UINT_DOUBLE,
            (Type::Timestamp, Type::Timestamp) => helpers::COMPARE_TIMES,
            (Type::Semver, Type::Semver) => helpers::COMPARE_SEMVER,
            _ => {
                return Err(CompileError::IllTyped {
                    what: "a comparison of types that have none",
                });
            }
        };
        self.code.call(order);
        // -1, 0 or 1, and 2 for what has no order, which is only ever unequal.
        match operator {
            Comparison::Equal => self.code.put().i32_eqz(),
            Comparison::NotEqual => self.code.put().i32_const(0).i32_ne(),
            Comparison::Less => self.code.put().i32_const(0).i32_lt_s(),
            Comparison::LessOrEqual => self.code.put().i32_const(1).i32_lt_s(),
            Comparison::Greater => self.code.put().i32_const(1).i32_eq(),
            Comparison::GreaterOrEqual => self.code.put().i32_const(2).i32_lt_u(),
        };
        Ok(())
    }

    fn relate_longs(&mut self, operator: Comparison, signed: bool) {
        let mut code = self.code.put();
        match (operator, signed) {
            (Comparison::Equal, _) => code.i64_eq(),
            (Comparison::NotEqual, _) => code.i64_ne(),
            (Comparison::Less, true) => code.i64_lt_s(),
            (Comparison::Less, false) => code.i64_lt_u(),
            (Comparison::LessOrEqual, true) => code.i64_le_s(),
            (Comparison::LessOrEqual, false) => code.i64_le_u(),
            (Comparison::Greater, true) => code.i64_gt_s(),
            (Comparison::Greater, false) => code.i64_gt_u(),
            (Comparison::GreaterOrEqual, true) => code.i64_ge_s(),
            (Comparison::GreaterOrEqual, false) => code.i64_ge_u(),
        };
    }

    fn relate_words(&mut self, operator: Comparison) {
        let mut code = self.code.put();
        match operator {
            Comparison::Equal => code.i32_eq(),
            Comparison::NotEqual => code.i32_ne(),
            Comparison::Less => code.i32_lt_u(),
            Comparison::LessOrEqual => code.i32_le_u(),
            Comparison::Greater => code.i32_gt_u(),
            Comparison::GreaterOrEqual => code.i32_ge_u(),
        };
    }

    fn relate_doubles(&mut self, operator: Comparison) {
        let mut code = self.code.put();
        match operator {
            Comparison::Equal => code.f64_eq(),
            Comparison::NotEqual => code.f64_ne(),
            Comparison::Less => code.f64_lt(),
            Comparison::LessOrEqual => code.f64_le(),
            Comparison::Greater => code.f64_gt(),
            Comparison::GreaterOrEqual => code.f64_ge(),
        };
    }

    /// Pushes whether the two lists on the stack, of elements of these types, are equal, element by element.
    fn equal_lists(
        &mut self,
        elements: [&Type; 2],
        equal: Option<bool>,
        unknown: Label,
    ) -> Result<(), CompileError> {
        let equal = equal.ok_or(CompileError::IllTyped {
            what: "lists in an order",
        })?;
        let left = self.code.local(ValType::I32);
        let right = self.code.local(ValType::I32);
        let end = self.code.local(ValType::I32);
        self.code.set(right);
        self.code.set(left);
        let done = self.code.block_of(BlockType::Result(ValType::I32));
        self.code.put().i32_const(0);
        for list in [left, right] {
            self.code.get(list);
            self.code.put().i32_load(word(record::LENGTH));
        }
        self.code.put().i32_ne();
        self.code.br_if(done);
        self.code.put().drop();
        self.first_and_end(left, end);
        self.code.get(right);
        self.code.put().i32_load(word(record::VALUE));
        self.code.set(right);
        let next = self.code.loop_();
        self.code.put().i32_const(1);
        self.code.get(left);
        self.code.get(end);
        self.code.put().i32_ge_u();
        self.code.br_if(done);
        self.code.put().drop();
        let mut sides = [(left, elements[0]), (right, elements[1])];
        if !numbers::is_canonical(elements[0], elements[1]) {
            sides.reverse();
        }
        for (element, ty) in sides {
            self.load(Record::Bound(element), ty, unknown)?;
        }
        let differs = self.code.local(ValType::I32);
        self.relate(Comparison::NotEqual, sides[0].1, sides[1].1)?;
        self.code.set(differs);
        self.code.put().i32_const(0);
        self.code.get(differs);
        self.code.br_if(done);
        self.code.put().drop();
        self.code.release(differs);
        self.advance(left);
        self.advance(right);
        self.code.br(next);
        self.code.end();
        self.code.put().unreachable();
        self.code.end();
        for local in [left, right, end] {
            self.code.release(local);
        }
        self.code.invert_unless(equal);
        Ok(())
    }

    fn equals_literal(
        &mut self,
        operand: &Expression,
        text: &str,
        equal: bool,
        asked: Asked,
        unknown: Label,
    ) -> Result<(), CompileError> {
        let held = self.record(operand, unknown)?;
        // A missing string has a length that no literal has: it equals none, as far as only this is asked.
        if asked != Asked::Whether(equal) {
            self.require(held, operand, unknown)?;
        }
        self.is_literal(held, text)?;
        self.code.invert_unless(equal);
        self.release(held);
        Ok(())
    }

    /// Pushes whether a string is this one.
    fn is_literal(&mut self, held: Record, text: &str) -> Result<(), CompileError> {
        /// Up to so many bytes are compared by words in place.
        const IN_PLACE_BYTES: usize = 32;

        self.length_is(held, text.len());
        if text.len() <= 8 {
            self.rest_is(held, 0, text);
            self.code.put().i32_and();
            return Ok(());
        }
        self.code.if_(BlockType::Result(ValType::I32));
        if text.len() <= IN_PLACE_BYTES {
            self.rest_is(held, 0, text);
        } else {
            let literal = self.layout.string(text)?;
            self.push(held);
            self.code.address(literal);
            self.code.call(helpers::EQUAL_STRINGS);
        }
        self.code.else_();
        self.code.put().i32_const(0);
        self.code.end();
        Ok(())
    }
}

/// The operator that means the same with the operands turned round.
fn turned(operator: Comparison) -> Comparison {
    match operator {
        Comparison::Equal | Comparison::NotEqual => operator,
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
    }
}
