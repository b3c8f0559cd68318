//! `exists`, `all` and `exists_one`: loops over a list's elements, which the list's length bounds.

use wasm_encoder::{BlockType, ValType};

use super::CompileError;
use super::code::{Label, Local, word};
use super::lower::Lowering;
use super::truth::UNKNOWN;
use crate::condition::{Expression, Kind, LocalId, Macro};
use crate::program::abi::{RECORD_BYTES, record};

/// The parts of a comprehension.
#[derive(Clone, Copy)]
struct Parts<'e> {
    macro_: Macro,
    variable: LocalId,
    list: &'e Expression,
    predicate: &'e Expression,
}

/// A loop over a list's elements, while it is written.
pub(super) struct Elements {
    pub(super) element: Local,
    end: Local,
    next: Label,
}

impl Lowering<'_> {
    /// [`Lowering::jump_unless`] for `exists` and `all`.
    pub(super) fn jump_unless_macro(
        &mut self,
        expression: &Expression,
        wanted: bool,
        target: Label,
    ) -> Result<(), CompileError> {
        let parts = parts(expression)?;
        let one_suffices = (parts.macro_ == Macro::Exists) == wanted;
        let list = self.elements_of(parts.list, target)?;
        let found = self.code.block();
        let exhausted = self.code.block();
        let elements = self.begin_elements(list, exhausted);
        self.bind(parts.variable, &elements)?;
        if one_suffices {
            self.jump_if(parts.predicate, wanted, found)?;
        } else {
            self.jump_unless(parts.predicate, wanted, target)?;
        }
        self.bound.pop();
        self.end_elements(elements);
        self.code.end();
        if one_suffices {
            self.code.br(target);
        }
        self.code.end();
        Ok(())
    }

    /// [`Lowering::tri_state`] for `exists` and `all`.
    pub(super) fn tri_state_macro(&mut self, expression: &Expression) -> Result<(), CompileError> {
        let parts = parts(expression)?;
        let deciding = i32::from(parts.macro_ == Macro::Exists);
        let result = self.code.local(ValType::I32);
        let done = self.code.block();
        // Until the end is reached, the answer is "unknown": it is if the list is, too.
        self.code.put().i32_const(UNKNOWN);
        self.code.set(result);
        let list = self.elements_of(parts.list, done)?;
        self.code.put().i32_const(1 - deciding);
        self.code.set(result);
        let exhausted = self.code.block();
        let elements = self.begin_elements(list, exhausted);
        self.bind(parts.variable, &elements)?;
        let value = self.code.local(ValType::I32);
        self.tri_state(parts.predicate)?;
        self.code.tee(value);
        self.code.put().i32_const(deciding).i32_eq();
        self.code.if_(BlockType::Empty);
        self.code.put().i32_const(deciding);
        self.code.set(result);
        self.code.br(done);
        self.code.end();
        self.code.put().i32_const(UNKNOWN);
        self.code.get(result);
        self.code.get(value);
        self.code.put().i32_const(UNKNOWN).i32_eq().select();
        self.code.set(result);
        self.code.release(value);
        self.bound.pop();
        self.end_elements(elements);
        self.code.end();
        self.code.end();
        self.code.get(result);
        self.code.release(result);
        Ok(())
    }

    /// Pushes whether the predicate holds for exactly one element; unknown where it is for any.
    pub(super) fn exists_one(&mut self, expression: &Expression, unknown: Label) -> Result<(), CompileError> {
        let parts = parts(expression)?;
        let count = self.code.local(ValType::I32);
        let list = self.elements_of(parts.list, unknown)?;
        self.code.put().i32_const(0);
        self.code.set(count);
        let exhausted = self.code.block();
        let elements = self.begin_elements(list, exhausted);
        self.bind(parts.variable, &elements)?;
        self.if_known(parts.predicate, unknown)?;
        self.code.get(count);
        self.code.put().i32_add();
        self.code.set(count);
        self.bound.pop();
        self.end_elements(elements);
        self.code.end();
        self.code.get(count);
        self.code.put().i32_const(1).i32_eq();
        self.code.release(count);
        Ok(())
    }

    /// The address of the first element and that after the last.
    pub(super) fn elements_of(
        &mut self,
        list: &Expression,
        unknown: Label,
    ) -> Result<(Local, Local), CompileError> {
        let element = self.code.local(ValType::I32);
        let end = self.code.local(ValType::I32);
        self.value(list, unknown)?;
        self.code.set(element);
        self.first_and_end(element, end);
        Ok((element, end))
    }

    /// From a list's record in `list` to its first element's there, and the address after the last in `end`.
    pub(super) fn first_and_end(&mut self, list: Local, end: Local) {
        self.code.get(list);
        self.code.put().i32_load(word(record::LENGTH));
        self.code
            .put()
            .i32_const(RECORD_BYTES.trailing_zeros().cast_signed())
            .i32_shl();
        self.code.get(list);
        self.code.put().i32_load(word(record::VALUE));
        self.code.tee(list);
        self.code.put().i32_add();
        self.code.set(end);
    }

    /// On to the next element.
    pub(super) fn advance(&mut self, element: Local) {
        self.code.get(element);
        self.code.address(RECORD_BYTES);
        self.code.put().i32_add();
        self.code.set(element);
    }

    /// Begins the loop; its body follows, with the element bound to no name.
    pub(super) fn begin_elements(&mut self, (element, end): (Local, Local), exhausted: Label) -> Elements {
        let next = self.code.loop_();
        self.code.get(element);
        self.code.get(end);
        self.code.put().i32_ge_u();
        self.code.br_if(exhausted);
        Elements { element, end, next }
    }

    /// Ends the loop's body.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the loop is over: nobody may use its locals again"
    )]
    pub(super) fn end_elements(&mut self, elements: Elements) {
        self.advance(elements.element);
        self.code.br(elements.next);
        self.code.end();
        self.code.release(elements.element);
        self.code.release(elements.end);
    }

    /// Binds the element of the innermost loop to a variable, for the predicate.
    fn bind(&mut self, variable: LocalId, elements: &Elements) -> Result<(), CompileError> {
        if self.bound.len() != variable.0 as usize {
            return Err(CompileError::IllTyped {
                what: "a bound variable at another depth than its own",
            });
        }
        self.bound.push(elements.element);
        Ok(())
    }
}

fn parts(expression: &Expression) -> Result<Parts<'_>, CompileError> {
    match &expression.kind {
        Kind::Comprehension {
            macro_,
            variable,
            list,
            predicate,
        } => Ok(Parts {
            macro_: *macro_,
            variable: *variable,
            list,
            predicate,
        }),
        _ => Err(CompileError::IllTyped {
            what: "a comprehension that is none",
        }),
    }
}
