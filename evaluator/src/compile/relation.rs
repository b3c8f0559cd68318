//! Tests of values: comparisons, membership, predicates of strings. Each becomes one bit on the stack.

use wasm_encoder::{BlockType, ValType};

use super::CompileError;
use super::code::{Label, word};
use super::helpers;
use super::lower::Lowering;
use super::value::Record;
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
                self.code.address(slot);
                self.code.put().i32_load(word(record::TAG)).i32_const(0).i32_ne();
                Ok(())
            }
            Kind::Compare {
                operator,
                left,
                right,
            } => self.compare(*operator, left, right, asked, unknown),
            Kind::In { needle, list } => self.contains(needle, list, asked, unknown),
            Kind::InSegment { needle, segment } => {
                let rules = self.rules;
                let segment = rules.environment.segment(*segment);
                let segment = segment.ok_or(CompileError::Dangling { what: "segment" })?;
                let values: Vec<&str> = segment.values.iter().map(String::as_str).collect();
                self.in_strings(needle, &values, asked, unknown)
            }
            Kind::Call {
                function: Function::StartsWith | Function::EndsWith | Function::Contains,
                ..
            } => Err(CompileError::IllTyped { what: "not yet" }),
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
        match asked {
            Asked::Whether(true) => {}
            Asked::Whether(false) => {
                self.push(held);
                self.code
                    .put()
                    .i32_load(word(record::TAG))
                    .i32_const(tag::FALSE.cast_signed())
                    .i32_ne();
                self.release(held);
                return Ok(());
            }
            Asked::Both => self.require(held, expression, unknown)?,
        }
        self.push(held);
        self.code
            .put()
            .i32_load(word(record::TAG))
            .i32_const(tag::TRUE.cast_signed())
            .i32_eq();
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
        let equality = match operator {
            Comparison::Equal => Some(true),
            Comparison::NotEqual => Some(false),
            _ => None,
        };
        match (equality, &left.kind, &right.kind) {
            (Some(equal), _, Kind::Literal(Literal::String(text))) => {
                return self.equals_literal(left, text, equal, asked, unknown);
            }
            (Some(equal), Kind::Literal(Literal::String(text)), _) => {
                return self.equals_literal(right, text, equal, asked, unknown);
            }
            _ => {}
        }
        match (&left.ty, equality) {
            (Type::String, Some(equal)) => {
                self.value(left, unknown)?;
                self.value(right, unknown)?;
                self.code.call(helpers::EQUAL_STRINGS);
                self.code.invert_unless(equal);
                Ok(())
            }
            (Type::Bool, Some(equal)) => {
                self.if_known(left, unknown)?;
                self.if_known(right, unknown)?;
                self.code.put().i32_eq();
                self.code.invert_unless(equal);
                Ok(())
            }
            _ => Err(CompileError::IllTyped { what: "not yet" }),
        }
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
    pub(super) fn is_literal(&mut self, held: Record, text: &str) -> Result<(), CompileError> {
        /// Up to so many bytes are compared by words in place.
        const IN_PLACE_BYTES: usize = 32;

        self.length_is(held, text.len());
        self.head_is(held, text);
        self.code.put().i32_and();
        if text.len() <= 8 {
            return Ok(());
        }
        self.code.if_(BlockType::Result(ValType::I32));
        if text.len() <= IN_PLACE_BYTES {
            self.rest_is(held, text);
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
