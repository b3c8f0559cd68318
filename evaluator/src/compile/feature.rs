//! One feature, one function: the first rule that matches and takes the context in is the answer.

use super::CompileError;
use super::lower::Lowering;
use crate::program::abi::{Outcome, Why};
use crate::rules::Feature;

/// The most that fits into an answer, one being taken for "none".
const MAX_POSITIONS: usize = 0xffff;

impl Lowering<'_> {
    /// The whole body: from the context in the slots to a packed [`Outcome`].
    pub(super) fn feature(&mut self, feature: &Feature) -> Result<(), CompileError> {
        for (what, count) in [
            ("rules", feature.targeting.len()),
            ("variations", feature.variations.len()),
        ] {
            if count >= MAX_POSITIONS {
                let feature = feature.name.clone();
                return Err(CompileError::TooMany {
                    feature,
                    what,
                    limit: MAX_POSITIONS,
                });
            }
        }
        let default = |why| Outcome {
            variation: feature.default as u16,
            rule: None,
            why,
        };
        if !feature.enabled {
            self.code.put().i64_const(default(Why::Disabled).pack());
            return Ok(());
        }
        for (position, rule) in feature.targeting.iter().enumerate() {
            let next = self.code.block();
            self.window(rule.window, next);
            self.jump_unless(&rule.condition, true, next)?;
            self.serve(rule, position as u16, next)?;
            self.code.end();
        }
        self.code.put().i64_const(default(Why::Default).pack());
        Ok(())
    }
}
