//! From checked expressions to instructions: what every part of it shares.
//!
//! [`truth`](super::truth) turns bools into branches, [`relation`](super::relation) comparisons into one bit,
//! [`value`](super::value) everything else into values on the stack.

use super::CompileError;
use super::code::{Code, Local};
use super::functions::Functions;
use super::layout::Layout;
use crate::condition::{AttributeId, Type};
use crate::rules::Rules;

/// The state of lowering one function.
pub(super) struct Lowering<'a> {
    pub(super) rules: &'a Rules,
    pub(super) layout: &'a mut Layout,
    pub(super) functions: &'a mut Functions,
    pub(super) code: Code,
    /// The records that `exists` and its kin have bound, outermost first.
    pub(super) bound: Vec<Local>,
    /// Whether what is lowered now is known to fit into the function.
    pub(super) fits: bool,
}

impl<'a> Lowering<'a> {
    /// The body of a function with so many parameters, which are what is bound.
    pub(super) fn new(
        rules: &'a Rules,
        layout: &'a mut Layout,
        functions: &'a mut Functions,
        bound: u32,
    ) -> Self {
        let code = Code::new(bound);
        Self {
            rules,
            layout,
            functions,
            code,
            bound: (0..bound).map(Local).collect(),
            fits: false,
        }
    }

    /// The declared type of an attribute.
    pub(super) fn attribute_type(&self, attribute: AttributeId) -> Result<&Type, CompileError> {
        let found = self.rules.environment.attribute(attribute);
        Ok(&found.ok_or(CompileError::Dangling { what: "attribute" })?.ty)
    }
}
