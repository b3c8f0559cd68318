//! What the fuzz targets share: bytes taken apart into a folder of rules, contexts for whatever attributes there are, and what
//! must hold of rules that were accepted.

use crossfade_evaluator::compile::{CompileError, compile};
use crossfade_evaluator::explain::{Cause, FeatureExplained, RuleOutcome, explain};
use crossfade_evaluator::program::{Context, Instance, Program};
use crossfade_evaluator::rules::Rules;

mod contexts;
mod folder;
pub mod grammar;
mod seeds;

pub use contexts::contexts;
pub use folder::folder;
pub use seeds::write_seeds;

/// The moments that contexts are decided at: before all schedules, among those that people write, and after.
const MOMENTS_MS: [i64; 3] = [-1, 1_796_000_000_000, i64::MAX];

/// Compiles rules that the loader has accepted, and holds every decision on a few contexts against its explanation. `None` where the
/// rules are well-formed and too large.
///
/// # Panics
/// Where something does not hold; that is what is looked for.
pub fn decide_without_fault(rules: &Rules) -> Option<Program> {
    let wasm = match compile(rules) {
        Ok(wasm) => wasm,
        // Some rules are well-formed and too large; whatever else the compiler refuses, the checker should have.
        Err(
            CompileError::TooMuchData { .. }
            | CompileError::ConditionTooLarge { .. }
            | CompileError::PatternTooLarge { .. }
            | CompileError::TooMany { .. },
        ) => return None,
        Err(error) => panic!("accepted rules do not compile: {error:?}"),
    };
    let program = Program::load(&wasm).expect("a module of ours is valid");
    let instance = program.instance().expect("a module of ours can be instantiated");
    for context in contexts(rules) {
        for now_ms in MOMENTS_MS {
            agree(rules, &instance, &Context::new(&context, now_ms));
        }
    }
    Some(program)
}

/// Each decision is what the rules, walked as they stand, come to.
fn agree(rules: &Rules, instance: &Instance, context: &Context<'_>) {
    let explained = explain(rules, context, |_| true);
    for decision in instance.decide_all(context).iter() {
        assert_eq!(decision.fault, None, "{decision:?}");
        let feature = explained
            .features
            .iter()
            .find(|feature| feature.feature == decision.feature)
            .expect("every feature is explained");
        if too_long(feature) {
            continue;
        }
        assert_eq!(decision.variant, feature.decision.variation, "{context:?}");
        assert_eq!(decision.rule, feature.decision.rule.as_deref(), "{context:?}");
        assert_eq!(decision.reason, feature.decision.reason, "{context:?}");
        // One alone is decided as all together.
        let alone = instance.decide(decision.key, context).expect("a variable of the rules");
        assert_eq!((alone.variant, alone.rule), (decision.variant, decision.rule));
    }
}

/// Explanations give up where programs do not: on loops in loops of millions of steps.
fn too_long(feature: &FeatureExplained) -> bool {
    feature.rules.iter().any(|rule| match &rule.outcome {
        RuleOutcome::ConditionUnknown { because } => {
            because.iter().any(|cause| matches!(cause, Cause::TooLong { .. }))
        }
        _ => false,
    })
}
