//! Values other than bools, on the stack.
//!
//! Numbers are wasm's own; a timestamp is two `i64`, seconds and nanoseconds; strings, versions and lists are
//! addresses of records.

use wasm_encoder::{BlockType, ValType};

use super::CompileError;
use super::code::{Label, Local, long, word};
use super::lower::Lowering;
use crate::condition::{Expression, Kind, Literal, Type};
use crate::program::abi::record;

/// Where a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Record {
    /// At an address known now.
    Fixed(u32),
    /// At an address that a local holds while the record is in use.
    Held(Local),
    /// At an address that a local holds for longer.
    Bound(Local),
}

impl Lowering<'_> {
    /// Pushes a value, or branches to `unknown`.
    pub(super) fn value(&mut self, expression: &Expression, unknown: Label) -> Result<(), CompileError> {
        match &expression.kind {
            Kind::Literal(Literal::String(text)) => {
                let literal = self.layout.string(text)?;
                self.code.address(literal);
                Ok(())
            }
            Kind::Attribute(_) if expression.ty == Type::String => {
                let held = self.record(expression, unknown)?;
                self.require(held, expression, unknown)?;
                self.push(held);
                Ok(())
            }
            Kind::Conditional {
                condition,
                then,
                otherwise,
            } => {
                self.if_known(condition, unknown)?;
                self.code.if_(BlockType::Result(ValType::I32));
                self.value(then, unknown)?;
                self.code.else_();
                self.value(otherwise, unknown)?;
                self.code.end();
                Ok(())
            }
            _ => Err(CompileError::IllTyped { what: "not yet" }),
        }
    }

    /// The record that holds an expression's value; whether it is missing is not tested yet if it is an attribute's.
    pub(super) fn record(&mut self, expression: &Expression, unknown: Label) -> Result<Record, CompileError> {
        match &expression.kind {
            Kind::Attribute(attribute) => Ok(Record::Fixed(self.layout.slot(*attribute)?)),
            Kind::Local(variable) => {
                let bound = self.bound.get(variable.0 as usize).copied();
                Ok(Record::Bound(bound.ok_or(CompileError::Dangling {
                    what: "bound variable",
                })?))
            }
            _ => {
                self.value(expression, unknown)?;
                let held = self.code.local(ValType::I32);
                self.code.set(held);
                Ok(Record::Held(held))
            }
        }
    }

    /// Branches to `unknown` if the record is a missing attribute's; nothing else is ever missing.
    pub(super) fn require(
        &mut self,
        held: Record,
        expression: &Expression,
        unknown: Label,
    ) -> Result<(), CompileError> {
        if matches!(expression.kind, Kind::Attribute(_)) {
            self.push(held);
            self.code.put().i32_load(word(record::TAG)).i32_eqz();
            self.code.br_if(unknown);
        }
        Ok(())
    }

    /// Pushes a record's address.
    pub(super) fn push(&mut self, held: Record) {
        match held {
            Record::Fixed(address) => self.code.address(address),
            Record::Held(local) | Record::Bound(local) => self.code.get(local),
        }
    }

    /// Ends the use of a record.
    pub(super) fn release(&mut self, held: Record) {
        if let Record::Held(local) = held {
            self.code.release(local);
        }
    }

    /// Pushes whether a string has this many bytes.
    pub(super) fn length_is(&mut self, held: Record, length: usize) {
        self.push(held);
        self.code
            .put()
            .i32_load(word(record::LENGTH))
            .i32_const(length as i32)
            .i32_eq();
    }

    /// Pushes whether a string's first eight bytes are those of `text`.
    pub(super) fn head_is(&mut self, held: Record, text: &str) {
        self.push(held);
        self.code
            .put()
            .i64_load(long(record::HEAD))
            .i64_const(super::layout::head(text).cast_signed())
            .i64_eq();
    }

    /// Pushes whether a string of the length of `text`, more than eight bytes, agrees with it after the first eight.
    pub(super) fn rest_is(&mut self, held: Record, text: &str) {
        let bytes = self.code.local(ValType::I32);
        self.push(held);
        self.code.put().i32_load(word(record::VALUE));
        self.code.set(bytes);
        for (position, chunk) in text.as_bytes().chunks(8).enumerate().skip(1) {
            let mut expected = [0; 8];
            expected[..chunk.len()].copy_from_slice(chunk);
            self.code.get(bytes);
            self.code
                .put()
                .i64_load(long(position as u32 * 8))
                .i64_const(i64::from_le_bytes(expected))
                .i64_eq();
            if position > 1 {
                self.code.put().i32_and();
            }
        }
        self.code.release(bytes);
    }
}
