//! What is too large for one function becomes several: engines take more than linear time for large ones.
//!
//! Features are cut between rules, and a condition at its `&&` and `||`: what they join is shared out among functions, as
//! many operands in each as it should hold. An operand that is too large itself is cut in its turn, inside its function.

use super::CompileError;
use super::functions::Shape;
use super::lower::Lowering;
use super::membership::IN_PLACE;
use crate::condition::{Expression, Kind};
use crate::rules::{Serve, TargetingRule};

/// How many expressions a function should hold; each is some 20 bytes of code.
pub(super) const FUNCTION_WEIGHT: usize = 1000;
/// A function's code beyond this is refused: there was nothing to cut at.
pub(super) const MAX_FUNCTION_BYTES: usize = 128 << 10;

/// What an operand of `&&` or `||` becomes.
pub(super) enum Operand<'e> {
    /// Code in place.
    InPlace(&'e Expression),
    /// A call of the function with this number.
    Call(u32),
}

/// What a function for a part of a condition answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// 1 where the part is definitely this, else 0.
    Whether(bool),
    /// 0, 1 or 2.
    TriState,
}

/// How many expressions an expression is, as far as it becomes code; stops counting beyond [`FUNCTION_WEIGHT`].
pub(super) fn weight(expression: &Expression) -> usize {
    let mut weight = 1;
    match &expression.kind {
        // A longer list is data.
        Kind::In { needle, list } if matches!(list.kind, Kind::List(_)) => {
            if let Kind::List(elements) = &list.kind {
                weight += elements.len().min(IN_PLACE);
            }
            weight += self::weight(needle);
        }
        _ => {
            for part in expression.children() {
                if weight <= FUNCTION_WEIGHT {
                    weight += self::weight(part);
                }
            }
        }
    }
    weight
}

/// Consecutive rules that go into one function, with their positions.
pub(super) fn parts_of_rules(rules: &[TargetingRule]) -> Vec<Vec<(u16, &TargetingRule)>> {
    let weigh = |(_, rule): &(u16, &TargetingRule)| {
        let shares = match &rule.serve {
            Serve::One(_) => 1,
            Serve::Weighted(weights) => weights.len(),
        };
        weight(&rule.condition) + 2 * shares
    };
    let mut parts = shared_out((0..).zip(rules), weigh);
    if parts.is_empty() {
        parts.push(Vec::new());
    }
    parts
}

/// Items in their order, in groups of at most [`FUNCTION_WEIGHT`] together; what weighs more is a group of its own.
fn shared_out<T>(items: impl Iterator<Item = T>, weigh: impl Fn(&T) -> usize) -> Vec<Vec<T>> {
    let mut groups: Vec<Vec<T>> = Vec::new();
    let mut room = 0;
    for item in items {
        let weight = weigh(&item);
        match groups.last_mut() {
            Some(group) if weight <= room => group.push(item),
            _ => {
                groups.push(vec![item]);
                room = FUNCTION_WEIGHT;
            }
        }
        room = room.saturating_sub(weight);
    }
    groups
}

impl Lowering<'_> {
    /// The operands of an `&&` or `||`: in place if they all find room, else in functions of their own.
    pub(super) fn operands<'e>(
        &mut self,
        expression: &'e Expression,
        answer: Answer,
    ) -> Result<Vec<Operand<'e>>, CompileError> {
        let (Kind::And(parts) | Kind::Or(parts)) = &expression.kind else {
            return Err(CompileError::IllTyped {
                what: "operands of something that has none",
            });
        };
        if self.fits || weight(expression) <= FUNCTION_WEIGHT {
            return Ok(parts.iter().map(Operand::InPlace).collect());
        }
        let mut operands = Vec::new();
        for group in shared_out(parts.iter(), |part| weight(part)) {
            let number = if let [part] = group[..] {
                self.outline(part, answer)?
            } else {
                let group: Vec<Expression> = group.into_iter().cloned().collect();
                let kind = if is_and(expression) {
                    Kind::And(group)
                } else {
                    Kind::Or(group)
                };
                let part = Expression {
                    kind,
                    ty: expression.ty.clone(),
                    span: expression.span,
                };
                self.outline(&part, answer)?
            };
            operands.push(Operand::Call(number));
        }
        Ok(operands)
    }

    /// Lowers a part of a condition as a function, which is given what is bound here.
    fn outline(&mut self, part: &Expression, answer: Answer) -> Result<u32, CompileError> {
        let bound = self.bound.len() as u32;
        let mut inner = Lowering::new(self.rules, self.layout, self.functions, bound);
        match answer {
            Answer::TriState => inner.tri_state(part)?,
            Answer::Whether(wanted) => {
                let not = inner.code.block();
                inner.jump_unless(part, wanted, not)?;
                inner.code.put().i32_const(1).return_();
                inner.code.end();
                inner.code.put().i32_const(0);
            }
        }
        let function = inner.code.finish();
        Ok(self.functions.add(Shape::Test(bound), &function, "part"))
    }

    /// Calls such a function.
    pub(super) fn call_part(&mut self, number: u32) {
        for position in 0..self.bound.len() {
            let local = self.bound[position];
            self.code.get(local);
        }
        self.code.put().call(number);
    }
}

/// Whether this is an `&&`.
pub(super) fn is_and(expression: &Expression) -> bool {
    matches!(expression.kind, Kind::And(_))
}
