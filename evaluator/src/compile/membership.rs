//! `in`: short lists of literals are compared in place, by words; long ones are hash tables in the module's data.

use std::collections::BTreeMap;

use wasm_encoder::{BlockType, ValType};

use super::CompileError;
use super::code::Label;
use super::helpers;
use super::lower::Lowering;
use super::relation::Asked;
use crate::condition::{Expression, Kind, Literal};

/// Up to so many strings are compared in place: about what hashing one costs.
const IN_PLACE: usize = 8;

impl Lowering<'_> {
    /// Pushes whether `needle` is in `list`.
    pub(super) fn contains(
        &mut self,
        needle: &Expression,
        list: &Expression,
        asked: Asked,
        unknown: Label,
    ) -> Result<(), CompileError> {
        if let Some(values) = string_literals(list) {
            return self.in_strings(needle, &values, asked, unknown);
        }
        Err(CompileError::IllTyped { what: "not yet" })
    }

    /// Pushes whether a string is one of these.
    pub(super) fn in_strings(
        &mut self,
        needle: &Expression,
        values: &[&str],
        asked: Asked,
        unknown: Label,
    ) -> Result<(), CompileError> {
        let held = self.record(needle, unknown)?;
        if values.len() > IN_PLACE {
            self.require(held, needle, unknown)?;
            let table = self.layout.string_table(values)?;
            self.push(held);
            self.code.address(table);
            self.code.call(helpers::IN_STRINGS);
            self.release(held);
            return Ok(());
        }
        // A missing string has a length that no literal has.
        if asked != Asked::Whether(true) {
            self.require(held, needle, unknown)?;
        }
        let mut by_length: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
        for text in values {
            let same_length = by_length.entry(text.len()).or_default();
            if !same_length.contains(text) {
                same_length.push(text);
            }
        }
        let done = self.code.block_of(BlockType::Result(ValType::I32));
        for (length, same_length) in by_length {
            let other_length = self.code.block();
            self.length_is(held, length);
            self.code.branch_on(false, other_length);
            for (position, text) in same_length.iter().enumerate() {
                self.head_is(held, text);
                if length > 8 {
                    self.code.if_(BlockType::Result(ValType::I32));
                    self.rest_is(held, text);
                    self.code.else_();
                    self.code.put().i32_const(0);
                    self.code.end();
                }
                if position > 0 {
                    self.code.put().i32_or();
                }
            }
            self.code.br(done);
            self.code.end();
        }
        self.code.put().i32_const(0);
        self.code.end();
        self.release(held);
        Ok(())
    }
}

fn string_literals(list: &Expression) -> Option<Vec<&str>> {
    let Kind::List(elements) = &list.kind else {
        return None;
    };
    elements
        .iter()
        .map(|element| match &element.kind {
            Kind::Literal(Literal::String(text)) => Some(text.as_str()),
            _ => None,
        })
        .collect()
}
