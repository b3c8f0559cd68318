//! Bools as branches: Kleene's third value disappears here.
//!
//! CEL's `&&`, `||` and `!` have three values: true, false and unknown (an error in CEL's own words). But a rule
//! asks only one question, whether its condition is *definitely* true, and that question splits into questions
//! with two answers:
//!
//! - `a && b` is definitely true iff both are; definitely false iff one of them is;
//! - `a || b` the other way round;
//! - `!a` is definitely true iff `a` is definitely false;
//! - a comparison is definitely true iff its operands are known and it holds; definitely false iff they are known
//!   and it does not.
//!
//! So most conditions become plain branches, and what is unknown costs nothing. Only where a bool is a value in
//! its own right, an operand of `==` or the condition of `?:`, both questions would be asked of it, and of its parts
//! in turn, which doubles with every level. There it is computed once, as 0 (false), 1 (true) or 2 (unknown).

use wasm_encoder::{BlockType, ValType};

use super::CompileError;
use super::code::Label;
use super::lower::Lowering;
use super::relation::Asked;
use super::split::{Answer, Operand, is_and};
use crate::condition::{Expression, Kind, Literal, Macro};

/// The tri-state for unknown; false and true are 0 and 1.
pub(super) const UNKNOWN: i32 = 2;

type Lowered = Result<(), CompileError>;

impl Lowering<'_> {
    /// Branches to `target` if `expression` is definitely `wanted`, falls through if it is not.
    pub(super) fn jump_if(&mut self, expression: &Expression, wanted: bool, target: Label) -> Lowered {
        match &expression.kind {
            Kind::Not(inner) => self.jump_if(inner, !wanted, target),
            Kind::And(_) | Kind::Or(_) => {
                let fitted = self.fits;
                let operands = self.operands(expression, Answer::Whether(wanted))?;
                self.fits |= in_place(&operands);
                if wanted == is_and(expression) {
                    // All must be; the last may jump itself.
                    let not = self.code.block();
                    let (last, others) = operands.split_last().ok_or(NO_OPERANDS)?;
                    for operand in others {
                        self.operand_jump(operand, wanted, Jump::Unless, not)?;
                    }
                    self.operand_jump(last, wanted, Jump::If, target)?;
                    self.code.end();
                } else {
                    // One suffices.
                    for operand in &operands {
                        self.operand_jump(operand, wanted, Jump::If, target)?;
                    }
                }
                self.fits = fitted;
                Ok(())
            }
            Kind::Literal(Literal::Bool(value)) => {
                if *value == wanted {
                    self.code.br(target);
                }
                Ok(())
            }
            Kind::Conditional { .. } | Kind::Comprehension { .. } => {
                let not = self.code.block();
                self.jump_unless(expression, wanted, not)?;
                self.code.br(target);
                self.code.end();
                Ok(())
            }
            _ => {
                let not = self.code.block();
                self.relation(expression, Asked::Whether(wanted), not)?;
                self.code.branch_on(wanted, target);
                self.code.end();
                Ok(())
            }
        }
    }

    /// Branches to `target` if `expression` is not definitely `wanted`, falls through if it is.
    pub(super) fn jump_unless(&mut self, expression: &Expression, wanted: bool, target: Label) -> Lowered {
        match &expression.kind {
            Kind::Not(inner) => self.jump_unless(inner, !wanted, target),
            Kind::And(_) | Kind::Or(_) => {
                let fitted = self.fits;
                let operands = self.operands(expression, Answer::Whether(wanted))?;
                self.fits |= in_place(&operands);
                if wanted == is_and(expression) {
                    for operand in &operands {
                        self.operand_jump(operand, wanted, Jump::Unless, target)?;
                    }
                } else {
                    let found = self.code.block();
                    let (last, others) = operands.split_last().ok_or(NO_OPERANDS)?;
                    for operand in others {
                        self.operand_jump(operand, wanted, Jump::If, found)?;
                    }
                    self.operand_jump(last, wanted, Jump::Unless, target)?;
                    self.code.end();
                }
                self.fits = fitted;
                Ok(())
            }
            Kind::Literal(Literal::Bool(value)) => {
                if *value != wanted {
                    self.code.br(target);
                }
                Ok(())
            }
            Kind::Conditional {
                condition,
                then,
                otherwise,
            } => {
                self.if_known(condition, target)?;
                self.code.if_(BlockType::Empty);
                self.jump_unless(then, wanted, target)?;
                self.code.else_();
                self.jump_unless(otherwise, wanted, target)?;
                self.code.end();
                Ok(())
            }
            Kind::Comprehension {
                macro_: Macro::Exists | Macro::All,
                ..
            } => self.jump_unless_macro(expression, wanted, target),
            _ => {
                self.relation(expression, Asked::Whether(wanted), target)?;
                self.code.branch_on(!wanted, target);
                Ok(())
            }
        }
    }

    /// Pushes 0 or 1, or branches to `unknown`; nothing is emitted twice, however deep the expression.
    pub(super) fn if_known(&mut self, expression: &Expression, unknown: Label) -> Lowered {
        match &expression.kind {
            Kind::Literal(Literal::Bool(value)) => {
                self.code.put().i32_const(i32::from(*value));
                Ok(())
            }
            Kind::Not(inner) => {
                self.if_known(inner, unknown)?;
                self.code.put().i32_eqz();
                Ok(())
            }
            Kind::And(_)
            | Kind::Or(_)
            | Kind::Conditional { .. }
            | Kind::Comprehension {
                macro_: Macro::Exists | Macro::All,
                ..
            } => {
                self.tri_state(expression)?;
                let value = self.code.local(ValType::I32);
                self.code.tee(value);
                self.code.put().i32_const(UNKNOWN).i32_eq();
                self.code.br_if(unknown);
                self.code.get(value);
                self.code.release(value);
                Ok(())
            }
            _ => self.relation(expression, Asked::Both, unknown),
        }
    }

    /// Pushes 0, 1 or 2.
    pub(super) fn tri_state(&mut self, expression: &Expression) -> Lowered {
        let i32_block = BlockType::Result(ValType::I32);
        match &expression.kind {
            Kind::And(_) | Kind::Or(_) => {
                let fitted = self.fits;
                let operands = self.operands(expression, Answer::TriState)?;
                self.fits |= in_place(&operands);
                // One operand decides at once; else it is unknown if one of them is.
                let deciding = i32::from(!is_and(expression));
                let any_unknown = self.code.local(ValType::I32);
                let value = self.code.local(ValType::I32);
                self.code.put().i32_const(0);
                self.code.set(any_unknown);
                let done = self.code.block_of(i32_block);
                for operand in &operands {
                    match operand {
                        Operand::InPlace(operand) => self.tri_state(operand)?,
                        Operand::Call(number) => self.call_part(*number),
                    }
                    self.code.set(value);
                    self.code.put().i32_const(deciding);
                    self.code.get(value);
                    self.code.put().i32_const(deciding).i32_eq();
                    self.code.br_if(done);
                    self.code.put().drop();
                    self.code.get(any_unknown);
                    self.code.get(value);
                    self.code.put().i32_const(UNKNOWN).i32_eq().i32_or();
                    self.code.set(any_unknown);
                }
                self.code.put().i32_const(UNKNOWN).i32_const(1 - deciding);
                self.code.get(any_unknown);
                self.code.put().select();
                self.code.end();
                self.code.release(any_unknown);
                self.code.release(value);
                self.fits = fitted;
                Ok(())
            }
            Kind::Conditional {
                condition,
                then,
                otherwise,
            } => {
                let done = self.code.block_of(i32_block);
                let unknown = self.code.block();
                self.if_known(condition, unknown)?;
                self.code.if_(i32_block);
                self.tri_state(then)?;
                self.code.else_();
                self.tri_state(otherwise)?;
                self.code.end();
                self.code.br(done);
                self.code.end();
                self.code.put().i32_const(UNKNOWN);
                self.code.end();
                Ok(())
            }
            Kind::Comprehension {
                macro_: Macro::Exists | Macro::All,
                ..
            } => self.tri_state_macro(expression),
            Kind::Not(inner) => {
                // 0, 1, 2 become 1, 0, 2: two bits each of a word.
                self.tri_state(inner)?;
                let value = self.code.local(ValType::I32);
                self.code.set(value);
                self.code.put().i32_const(0b10_00_01);
                self.code.get(value);
                self.code
                    .put()
                    .i32_const(1)
                    .i32_shl()
                    .i32_shr_u()
                    .i32_const(3)
                    .i32_and();
                self.code.release(value);
                Ok(())
            }
            _ => {
                let done = self.code.block_of(i32_block);
                let unknown = self.code.block();
                self.if_known(expression, unknown)?;
                self.code.br(done);
                self.code.end();
                self.code.put().i32_const(UNKNOWN);
                self.code.end();
                Ok(())
            }
        }
    }

    fn operand_jump(&mut self, operand: &Operand<'_>, wanted: bool, jump: Jump, target: Label) -> Lowered {
        match (operand, jump) {
            (Operand::InPlace(expression), Jump::If) => self.jump_if(expression, wanted, target),
            (Operand::InPlace(expression), Jump::Unless) => self.jump_unless(expression, wanted, target),
            (Operand::Call(number), jump) => {
                self.call_part(*number);
                self.code.branch_on(jump == Jump::If, target);
                Ok(())
            }
        }
    }
}

/// Which of two ways to jump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Jump {
    If,
    Unless,
}

/// An operator that joins nothing: no parser makes it.
const NO_OPERANDS: CompileError = CompileError::IllTyped {
    what: "`&&` or `||` of nothing",
};

fn in_place(operands: &[Operand<'_>]) -> bool {
    operands
        .iter()
        .all(|operand| matches!(operand, Operand::InPlace(_)))
}
