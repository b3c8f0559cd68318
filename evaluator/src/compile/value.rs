//! Values other than bools, on the stack.
//!
//! Numbers are wasm's own, a duration an `i64` of nanoseconds, a timestamp two `i64`, seconds and nanoseconds; strings,
//! versions and lists are addresses of records.

use wasm_encoder::{BlockType, ValType};

use super::CompileError;
use super::code::{Label, Local, long, word};
use super::helpers::{self, Helper};
use super::lower::Lowering;
use super::membership::literals;
use crate::condition::{Expression, Kind, Literal, Type};
use crate::program::abi::{self, RECORD_BYTES, record, tag};

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

/// What a value of this type is on the stack.
pub(super) fn stack_types(ty: &Type) -> &'static [ValType] {
    match ty {
        Type::Bool | Type::String | Type::Semver | Type::List(_) => &[ValType::I32],
        Type::Int | Type::Uint | Type::Duration => &[ValType::I64],
        Type::Double => &[ValType::F64],
        Type::Timestamp => &[ValType::I64, ValType::I64],
    }
}

impl Lowering<'_> {
    /// Pushes a value, or branches to `unknown`.
    pub(super) fn value(&mut self, expression: &Expression, unknown: Label) -> Result<(), CompileError> {
        match &expression.kind {
            Kind::Literal(literal) => self.literal(literal),
            Kind::Attribute(_) => {
                let held = self.record(expression, unknown)?;
                self.require(held, expression, unknown)?;
                self.load(held, &expression.ty, unknown)
            }
            Kind::Local(_) | Kind::Index { .. } => {
                let held = self.record(expression, unknown)?;
                self.load(held, &expression.ty, unknown)?;
                self.release(held);
                Ok(())
            }
            Kind::Now => {
                self.now();
                Ok(())
            }
            Kind::Conditional {
                condition,
                then,
                otherwise,
            } => self.conditional(condition, then, otherwise, unknown),
            Kind::Arithmetic {
                operator,
                left,
                right,
            } => self.arithmetic(*operator, left, right, unknown),
            Kind::Negate(operand) => self.negate(operand, unknown),
            Kind::List(elements) => self.list(elements, unknown),
            Kind::Call { function, arguments } => self.call(*function, arguments, unknown),
            _ => Err(CompileError::IllTyped {
                what: "a bool where another value should be",
            }),
        }
    }

    fn literal(&mut self, literal: &Literal) -> Result<(), CompileError> {
        match literal {
            Literal::Bool(value) => {
                self.code.put().i32_const(i32::from(*value));
            }
            Literal::Int(value) | Literal::Duration(value) => {
                self.code.put().i64_const(*value);
            }
            Literal::Uint(value) => {
                self.code.put().i64_const(value.cast_signed());
            }
            Literal::Double(value) => {
                self.code.put().f64_const((*value).into());
            }
            Literal::Timestamp { seconds, nanos } => {
                self.code.put().i64_const(*seconds).i64_const(i64::from(*nanos));
            }
            Literal::String(text) => {
                let address = self.layout.string(text)?;
                self.code.address(address);
            }
            Literal::Semver(text) => {
                // Parsed at its first use, and then for good.
                let address = self.layout.semver(text)?;
                self.code.address(address);
                self.code.call(helpers::SEMVER);
                self.code.put().drop();
                self.code.address(address);
            }
        }
        Ok(())
    }

    /// Pushes the moment: seconds and nanoseconds of the context's milliseconds.
    fn now(&mut self) {
        let seconds = self.code.local(ValType::I64);
        self.now_ms();
        self.code.put().i64_const(1000);
        self.code.call(helpers::FLOOR_DIVIDE);
        self.code.tee(seconds);
        self.now_ms();
        self.code.get(seconds);
        self.code
            .put()
            .i64_const(1000)
            .i64_mul()
            .i64_sub()
            .i64_const(1_000_000)
            .i64_mul();
        self.code.release(seconds);
    }

    fn conditional(
        &mut self,
        condition: &Expression,
        then: &Expression,
        otherwise: &Expression,
        unknown: Label,
    ) -> Result<(), CompileError> {
        self.if_known(condition, unknown)?;
        if let [ty] = stack_types(&then.ty) {
            self.code.if_(BlockType::Result(*ty));
            self.value(then, unknown)?;
            self.code.else_();
            self.value(otherwise, unknown)?;
            self.code.end();
            return Ok(());
        }
        let locals: Vec<Local> = stack_types(&then.ty)
            .iter()
            .map(|ty| self.code.local(*ty))
            .collect();
        self.code.if_(BlockType::Empty);
        for (branch, last) in [(then, false), (otherwise, true)] {
            self.value(branch, unknown)?;
            for local in locals.iter().rev() {
                self.code.set(*local);
            }
            if !last {
                self.code.else_();
            }
        }
        self.code.end();
        for local in locals {
            self.code.get(local);
            self.code.release(local);
        }
        Ok(())
    }

    /// Pushes the list that a display makes: one of literals lies in memory, another is made in the context's room.
    fn list(&mut self, elements: &[Expression], unknown: Label) -> Result<(), CompileError> {
        if let Some(literals) = literals(elements) {
            let list = self.layout.list(&literals)?;
            self.code.address(list);
            return Ok(());
        }
        let start = self.code.local(ValType::I32);
        self.code
            .put()
            .i32_const((elements.len() * RECORD_BYTES as usize) as i32);
        self.code.call(helpers::RESERVE);
        self.code.tee(start);
        self.code.put().i32_eqz();
        self.code.br_if(unknown);
        for (element, position) in elements.iter().zip(0..) {
            self.store(element, start, position * RECORD_BYTES, unknown)?;
        }
        self.code.get(start);
        self.code.put().i32_const(elements.len() as i32);
        self.call_for_record(helpers::LIST, unknown);
        self.code.release(start);
        Ok(())
    }

    /// Makes a record of an element, `offset` bytes from the address in `start`.
    fn store(
        &mut self,
        element: &Expression,
        start: Local,
        offset: u32,
        unknown: Label,
    ) -> Result<(), CompileError> {
        let number_tag = match &element.ty {
            Type::Bool => {
                self.code.get(start);
                self.if_known(element, unknown)?;
                self.code
                    .put()
                    .i32_const(tag::FALSE.cast_signed())
                    .i32_add()
                    .i32_store(word(offset + record::TAG));
                return Ok(());
            }
            Type::Timestamp => {
                let nanos = self.code.local(ValType::I64);
                let seconds = self.code.local(ValType::I64);
                self.value(element, unknown)?;
                self.code.set(nanos);
                self.code.set(seconds);
                for (local, at) in [(seconds, record::PARSED), (nanos, record::PARSED + 8)] {
                    self.code.get(start);
                    self.code.get(local);
                    self.code.put().i64_store(long(offset + at));
                    self.code.release(local);
                }
                self.tag(start, offset, tag::TIMESTAMP);
                return Ok(());
            }
            Type::String | Type::Semver => {
                self.value(element, unknown)?;
                self.code.get(start);
                self.code.address(offset);
                self.code.put().i32_add();
                self.code.call(helpers::COPY_RECORD);
                return Ok(());
            }
            Type::List(_) => {
                return Err(CompileError::IllTyped {
                    what: "a list of lists",
                });
            }
            Type::Int => tag::INT,
            Type::Uint => tag::UINT,
            Type::Double => tag::DOUBLE,
            Type::Duration => tag::DURATION,
        };
        self.code.get(start);
        self.value(element, unknown)?;
        if element.ty == Type::Double {
            self.code.put().f64_store(long(offset + record::VALUE));
        } else {
            self.code.put().i64_store(long(offset + record::VALUE));
        }
        self.tag(start, offset, number_tag);
        Ok(())
    }

    fn tag(&mut self, start: Local, offset: u32, tag: u32) {
        self.code.get(start);
        self.code
            .put()
            .i32_const(tag.cast_signed())
            .i32_store(word(offset + record::TAG));
    }

    /// The record that holds an expression's value; if it is an attribute's, whether it is missing is not tested yet.
    pub(super) fn record(&mut self, expression: &Expression, unknown: Label) -> Result<Record, CompileError> {
        match &expression.kind {
            Kind::Attribute(attribute) => Ok(Record::Fixed(self.layout.slot(*attribute)?)),
            Kind::Local(variable) => {
                let bound = self.bound.get(variable.0 as usize).copied();
                Ok(Record::Bound(bound.ok_or(CompileError::Dangling {
                    what: "bound variable",
                })?))
            }
            Kind::Index { list, index } => {
                self.value(list, unknown)?;
                self.value(index, unknown)?;
                self.call_for_record(helpers::ELEMENT, unknown);
                Ok(self.held())
            }
            _ => {
                self.value(expression, unknown)?;
                Ok(self.held())
            }
        }
    }

    /// Calls a helper that answers with a record's address, or 0 for unknown.
    pub(super) fn call_for_record(&mut self, helper: Helper, unknown: Label) {
        let address = self.code.local(ValType::I32);
        self.code.call(helper);
        self.code.tee(address);
        self.code.put().i32_eqz();
        self.code.br_if(unknown);
        self.code.get(address);
        self.code.release(address);
    }

    /// The record whose address is on the stack.
    fn held(&mut self) -> Record {
        let held = self.code.local(ValType::I32);
        self.code.set(held);
        Record::Held(held)
    }

    /// Branches to `unknown` if the record is a missing attribute's; nothing else is ever missing.
    pub(super) fn require(
        &mut self,
        held: Record,
        expression: &Expression,
        unknown: Label,
    ) -> Result<(), CompileError> {
        if let Kind::Attribute(attribute) = expression.kind {
            // What is parsed at its first use is tested when it is loaded.
            if !matches!(self.attribute_type(attribute)?, Type::Timestamp | Type::Semver) {
                self.push(held);
                self.code.put().i32_load(word(record::TAG)).i32_eqz();
                self.code.br_if(unknown);
            }
        }
        Ok(())
    }

    /// Pushes the value that a record holds.
    #[expect(
        clippy::unnecessary_wraps,
        reason = "emits code as its kin do, which may fail"
    )]
    pub(super) fn load(&mut self, held: Record, ty: &Type, unknown: Label) -> Result<(), CompileError> {
        match ty {
            Type::Bool => {
                self.push(held);
                self.code
                    .put()
                    .i32_load(word(record::TAG))
                    .i32_const(tag::TRUE.cast_signed())
                    .i32_eq();
            }
            Type::Int | Type::Uint | Type::Duration => {
                self.push(held);
                self.code.put().i64_load(long(record::VALUE));
            }
            Type::Double => {
                self.push(held);
                self.code.put().f64_load(long(record::VALUE));
            }
            Type::Timestamp => {
                self.parsed(held, helpers::TIMESTAMP, unknown);
                self.push(held);
                self.code.put().i64_load(long(record::PARSED));
                self.push(held);
                self.code.put().i64_load(long(record::PARSED + 8));
            }
            Type::Semver => {
                self.parsed(held, helpers::SEMVER, unknown);
                self.push(held);
            }
            Type::String | Type::List(_) => self.push(held),
        }
        Ok(())
    }

    fn parsed(&mut self, held: Record, helper: Helper, unknown: Label) {
        self.push(held);
        self.code.call(helper);
        self.code.branch_on(false, unknown);
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

    /// Pushes a string's `nth` eight bytes, padded with zeros. It is long enough to have them.
    pub(super) fn push_word(&mut self, held: Record, nth: u32) {
        self.push(held);
        if nth == 0 {
            self.code.put().i64_load(long(record::HEAD));
        } else {
            self.code
                .put()
                .i32_load(word(record::VALUE))
                .i64_load(long(nth * 8));
        }
    }

    /// Pushes whether a string of the length of `text` agrees with it from its `nth` eight bytes on.
    pub(super) fn rest_is(&mut self, held: Record, nth: u32, text: &str) {
        let words = text.len().div_ceil(8).max(1) as u32;
        for at in nth..words {
            self.push_word(held, at);
            self.code
                .put()
                .i64_const(word_of(text, at).cast_signed())
                .i64_eq();
            if at > nth {
                self.code.put().i32_and();
            }
        }
    }
}

/// The `nth` eight bytes of a text as a word, padded with zeros.
pub(super) fn word_of(text: &str, nth: u32) -> u64 {
    abi::head(text.as_bytes().get(nth as usize * 8..).unwrap_or_default())
}
