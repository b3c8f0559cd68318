//! What a change of the rules would change, found by deciding for sample contexts by both.

use crossfade_evaluator::program::{Context, Instance};
use crossfade_evaluator::rules::Rules;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;

use crate::flags::{Compiled, RequestContext};

/// The most examples that are shown.
const MOST_EXAMPLES: usize = 50;

/// What differs between the running rules and others.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(in crate::http) struct Preview {
    /// How this was found: by a `sample` of contexts, so that what is not listed may change too.
    basis: &'static str,
    /// The contexts that were tried: those of the tests in the files, and those given.
    contexts: usize,
    /// How many of them are decided otherwise.
    changed: usize,
    /// Some of these.
    examples: Vec<Example>,
}

/// A context for which a flag changes.
#[derive(Debug, Serialize, JsonSchema)]
struct Example {
    /// The attributes.
    context: Json,
    /// The flag.
    flag: String,
    /// What it is now; absent if it is new.
    before: Option<Decided>,
    /// What it would be; absent if it would be gone.
    after: Option<Decided>,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct Decided {
    value: Json,
    variation: String,
    /// None for the default.
    rule: Option<String>,
}

/// A context to try.
struct Sample {
    attributes: Json,
    context: RequestContext,
}

/// Decides by both for the contexts of both's tests and for others.
pub(in crate::http) fn preview(before: &Compiled, after: &Compiled, given: &[Json]) -> Preview {
    let samples: Vec<Sample> = [before, after]
        .into_iter()
        .filter_map(|compiled| compiled.rules.as_ref())
        .flat_map(of_tests)
        .chain(given.iter().filter_map(sample))
        .collect();
    let mut preview = Preview {
        basis: "sample",
        contexts: samples.len(),
        ..Preview::default()
    };
    let (Ok(old), Ok(new)) = (before.program.instance(), after.program.instance()) else {
        return preview;
    };
    for Sample { attributes, context } in &samples {
        let changes = context.evaluate(|context| changes(&old, &new, context));
        preview.changed += usize::from(!changes.is_empty());
        for (flag, before, after) in changes {
            if preview.examples.len() < MOST_EXAMPLES {
                preview.examples.push(Example {
                    context: attributes.clone(),
                    flag,
                    before,
                    after,
                });
            }
        }
    }
    preview
}

fn of_tests(rules: &Rules) -> Vec<Sample> {
    let tests = rules.features.iter().flat_map(|feature| &feature.tests);
    tests
        .filter_map(|test| {
            let attributes: Json = test.given.iter().cloned().collect();
            let mut sample = sample(&attributes)?;
            if let Some(at_ms) = test.at_ms {
                sample.context = sample.context.moved_to(at_ms);
            }
            Some(sample)
        })
        .collect()
}

fn sample(attributes: &Json) -> Option<Sample> {
    Some(Sample {
        context: serde_json::from_value(attributes.clone()).ok()?,
        attributes: attributes.clone(),
    })
}

type Change = (String, Option<Decided>, Option<Decided>);

fn changes(old: &Instance, new: &Instance, context: &Context<'_>) -> Vec<Change> {
    let decided = |instance: &Instance, flag: &str| {
        let decision = instance.decide(flag, context).ok()?;
        Some(Decided {
            value: decision.value.clone(),
            variation: decision.variant.to_owned(),
            rule: decision.rule.map(str::to_owned),
        })
    };
    let flags = |instance: &Instance| -> Vec<String> {
        let variables = &instance.program().metadata().variables;
        variables.iter().map(|variable| variable.key.clone()).collect()
    };
    let mut all = flags(old);
    all.extend(flags(new));
    all.sort_unstable();
    all.dedup();
    let compared = all.into_iter().map(|flag| {
        let (before, after) = (decided(old, &flag), decided(new, &flag));
        (flag, before, after)
    });
    compared.filter(|(_, before, after)| before != after).collect()
}
