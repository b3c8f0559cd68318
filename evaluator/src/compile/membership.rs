//! `in`: short lists of literals are compared in place, by words; long ones are hash tables in the module's data; any
//! other list is gone through.

use std::collections::{BTreeMap, BTreeSet};

use wasm_encoder::{BlockType, ValType};

use super::CompileError;
use super::code::{Label, Local};
use super::helpers;
use super::lower::Lowering;
use super::numbers;
use super::relation::Asked;
use super::value::{Record, stack_types, word_of};
use crate::condition::{Comparison, Expression, Kind, Literal, SegmentId, Type};

/// Up to so many literals are compared in place: about what hashing one costs.
pub(super) const IN_PLACE: usize = 8;
/// Longer strings than this are not compared in place.
const IN_PLACE_BYTES: usize = 32;

impl Lowering<'_> {
    /// Pushes whether `needle` is in `list`.
    pub(super) fn contains(
        &mut self,
        needle: &Expression,
        list: &Expression,
        asked: Asked,
        unknown: Label,
    ) -> Result<(), CompileError> {
        let literals = match &list.kind {
            Kind::List(elements) => literals(elements),
            _ => None,
        };
        match (&needle.ty, literals) {
            (Type::String, Some(literals)) => {
                let mut values = BTreeSet::new();
                for literal in literals {
                    let Literal::String(text) = literal else {
                        return Err(CompileError::IllTyped {
                            what: "a list of strings and others",
                        });
                    };
                    values.insert(text.as_str());
                }
                self.in_strings(needle, &values, asked, unknown)
            }
            (Type::Int | Type::Uint | Type::Double | Type::Duration, Some(literals))
                if literals
                    .iter()
                    .all(|literal| numbers::has_one_equal(literal, &needle.ty)) =>
            {
                self.in_numbers(needle, &literals, unknown)
            }
            _ => self.in_any(needle, list, unknown),
        }
    }

    /// Pushes whether a string is in a segment.
    pub(super) fn in_segment(
        &mut self,
        needle: &Expression,
        id: SegmentId,
        asked: Asked,
        unknown: Label,
    ) -> Result<(), CompileError> {
        let rules = self.rules;
        let segment = rules
            .environment
            .segment(id)
            .ok_or(CompileError::Dangling { what: "segment" })?;
        if segment.values.len() <= IN_PLACE {
            let values = segment.values.iter().map(String::as_str).collect();
            return self.in_strings(needle, &values, asked, unknown);
        }
        let table = self.layout.segment(id, segment)?;
        self.in_string_table(needle, table, unknown)
    }

    fn in_strings(
        &mut self,
        needle: &Expression,
        values: &BTreeSet<&str>,
        asked: Asked,
        unknown: Label,
    ) -> Result<(), CompileError> {
        if values.len() > IN_PLACE || values.iter().any(|text| text.len() > IN_PLACE_BYTES) {
            let table = self.layout.literal_strings(values)?;
            return self.in_string_table(needle, table, unknown);
        }
        let held = self.record(needle, unknown)?;
        // A missing string has a length that no literal has.
        if asked != Asked::Whether(true) {
            self.require(held, needle, unknown)?;
        }
        let mut by_length: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
        for text in values {
            by_length.entry(text.len()).or_default().push(text);
        }
        let lengths = by_length.len();
        for (length, same_length) in by_length {
            self.length_is(held, length);
            self.code.if_(BlockType::Result(ValType::I32));
            self.is_one_of(held, 0, &same_length);
            self.code.else_();
        }
        self.code.put().i32_const(0);
        for _ in 0..lengths {
            self.code.end();
        }
        self.release(held);
        Ok(())
    }

    /// Pushes whether a string is one of these from its `nth` eight bytes on. It has their length, and all of them
    /// agree with it before.
    fn is_one_of(&mut self, held: Record, nth: u32, texts: &[&str]) {
        if let [text] = texts {
            self.rest_is(held, nth, text);
            return;
        }
        let mut by_word: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
        for text in texts {
            by_word.entry(word_of(text, nth)).or_default().push(text);
        }
        self.push_word(held, nth);
        let found = self.code.local(ValType::I64);
        self.code.set(found);
        let is_last = texts.iter().all(|text| text.len() <= (nth as usize + 1) * 8);
        let words = by_word.len();
        for (position, (word, agreeing)) in by_word.into_iter().enumerate() {
            self.code.get(found);
            self.code.put().i64_const(word.cast_signed()).i64_eq();
            if !is_last {
                self.code.if_(BlockType::Result(ValType::I32));
                self.is_one_of(held, nth + 1, &agreeing);
                self.code.else_();
            } else if position > 0 {
                self.code.put().i32_or();
            }
        }
        if !is_last {
            self.code.put().i32_const(0);
            for _ in 0..words {
                self.code.end();
            }
        }
        self.code.release(found);
    }

    fn in_string_table(
        &mut self,
        needle: &Expression,
        table: u32,
        unknown: Label,
    ) -> Result<(), CompileError> {
        let held = self.record(needle, unknown)?;
        self.require(held, needle, unknown)?;
        self.push(held);
        self.code.address(table);
        self.code.call(helpers::IN_STRINGS);
        self.release(held);
        Ok(())
    }

    fn in_numbers(
        &mut self,
        needle: &Expression,
        literals: &[&Literal],
        unknown: Label,
    ) -> Result<(), CompileError> {
        // Literals of another type that have no equal in the needle's are no value of it.
        let bits: BTreeSet<u64> = literals
            .iter()
            .filter_map(|literal| numbers::bits_as(literal, &needle.ty))
            .collect();
        self.value(needle, unknown)?;
        if needle.ty == Type::Double {
            // -0.0 and 0.0 are equal, and their sum is 0.0.
            self.code
                .put()
                .f64_const(0.0.into())
                .f64_add()
                .i64_reinterpret_f64();
        }
        if bits.len() > IN_PLACE {
            let bits: Vec<u64> = bits.into_iter().collect();
            let table = self.layout.long_table(&bits)?;
            self.code.address(table);
            self.code.call(helpers::IN_LONGS);
            return Ok(());
        }
        let value = self.code.local(ValType::I64);
        self.code.set(value);
        self.code.put().i32_const(0);
        for bits in bits {
            self.code.get(value);
            self.code.put().i64_const(bits.cast_signed()).i64_eq().i32_or();
        }
        self.code.release(value);
        Ok(())
    }

    /// Goes through a list that is not known now, or whose elements are compared by more than their bits.
    fn in_any(&mut self, needle: &Expression, list: &Expression, unknown: Label) -> Result<(), CompileError> {
        let Type::List(element) = &list.ty else {
            return Err(CompileError::IllTyped {
                what: "`in` of something that is no list",
            });
        };
        let held = self.hold(needle, unknown)?;
        let found = self.code.local(ValType::I32);
        let elements = self.elements_of(list, unknown)?;
        self.code.put().i32_const(0);
        self.code.set(found);
        let done = self.code.block();
        let elements = self.begin_elements(elements, done);
        let record = Record::Bound(elements.element);
        if numbers::is_canonical(&needle.ty, element) {
            self.push_held(&held);
            self.load(record, element, unknown)?;
            self.relate(Comparison::Equal, &needle.ty, element)?;
        } else {
            self.load(record, element, unknown)?;
            self.push_held(&held);
            self.relate(Comparison::Equal, element, &needle.ty)?;
        }
        self.code.tee(found);
        self.code.br_if(done);
        self.end_elements(elements);
        self.code.end();
        self.code.get(found);
        self.code.release(found);
        for local in held {
            self.code.release(local);
        }
        Ok(())
    }

    /// A value in locals.
    fn hold(&mut self, expression: &Expression, unknown: Label) -> Result<Vec<Local>, CompileError> {
        if expression.ty == Type::Bool {
            self.if_known(expression, unknown)?;
        } else {
            self.value(expression, unknown)?;
        }
        let locals: Vec<Local> = stack_types(&expression.ty)
            .iter()
            .map(|ty| self.code.local(*ty))
            .collect();
        for local in locals.iter().rev() {
            self.code.set(*local);
        }
        Ok(locals)
    }

    fn push_held(&mut self, held: &[Local]) {
        for local in held {
            self.code.get(*local);
        }
    }
}

/// The elements, if all are literals.
pub(super) fn literals(elements: &[Expression]) -> Option<Vec<&Literal>> {
    let mut literals = Vec::with_capacity(elements.len());
    for element in elements {
        let Kind::Literal(literal) = &element.kind else {
            return None;
        };
        literals.push(literal);
    }
    Some(literals)
}
