//! One feature, one function: the first rule that matches and takes the context in is the answer. A feature of more rules
//! than a function should hold goes on in a second.

use super::CompileError;
use super::code::Code;
use super::functions::{Functions, Shape};
use super::layout::Layout;
use super::lower::Lowering;
use super::split::{MAX_FUNCTION_BYTES, parts_of_rules};
use crate::program::abi::{Outcome, Why};
use crate::rules::{Feature, Rules};

/// The most that fits into an answer, one being taken for "none".
const MAX_POSITIONS: usize = 0xffff;

/// Lowers a feature, and answers with the number of its function.
pub(super) fn lower(
    rules: &Rules,
    feature: &Feature,
    layout: &mut Layout,
    functions: &mut Functions,
) -> Result<u32, CompileError> {
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
        let mut code = Code::new(0);
        code.put().i64_const(default(Why::Disabled).pack());
        return Ok(functions.add(Shape::Answer, &code.finish(), &feature.name));
    }

    // The last part first, so that each knows the number of the one that it goes on in.
    let mut rest = None;
    for part in parts_of_rules(&feature.targeting).into_iter().rev() {
        let mut lowering = Lowering::new(rules, layout, functions, 0);
        for (position, rule) in part {
            let next = lowering.code.block();
            lowering.window(rule.window, next);
            lowering.jump_unless(&rule.condition, true, next)?;
            lowering.serve(rule, position, next)?;
            lowering.code.end();
        }
        match rest {
            None => lowering.code.put().i64_const(default(Why::Default).pack()),
            Some(rest) => lowering.code.put().call(rest),
        };
        let code = lowering.code;
        if code.size() > MAX_FUNCTION_BYTES {
            let feature = feature.name.clone();
            return Err(CompileError::ConditionTooLarge {
                feature,
                limit_bytes: MAX_FUNCTION_BYTES,
            });
        }
        rest = Some(functions.add(Shape::Answer, &code.finish(), &feature.name));
    }
    rest.ok_or(CompileError::Dangling { what: "rule" })
}
