//! From checked expressions to instructions: what every part of it shares.
//!
//! [`truth`](super::truth) turns bools into branches, [`relation`](super::relation) comparisons into one bit,
//! [`value`](super::value) everything else into values on the stack.

use super::CompileError;
use super::code::{Code, Local};
use super::layout::Layout;
use crate::condition::{AttributeId, Type};
use crate::rules::Rules;

/// The state of lowering one function.
pub(super) struct Lowering<'a> {
    pub(super) rules: &'a Rules,
    pub(super) layout: &'a mut Layout,
    pub(super) code: Code,
    /// The records that `exists` and its kin have bound, outermost first.
    pub(super) bound: Vec<Local>,
}

impl Lowering<'_> {
    /// The declared type of an attribute.
    pub(super) fn attribute_type(&self, attribute: AttributeId) -> Result<&Type, CompileError> {
        let found = self.rules.environment.attribute(attribute);
        Ok(&found.ok_or(CompileError::Dangling { what: "attribute" })?.ty)
    }
}
