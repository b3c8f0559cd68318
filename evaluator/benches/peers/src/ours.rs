//! Crossfade: the rules as files, compiled; contexts as a backend has them, read anew for each decision.

use std::collections::HashMap;

use anyhow::Context as _;
use crossfade_evaluator::compile::compile;
use crossfade_evaluator::program::{self, Program, Value, VariableId};
use crossfade_evaluator::rules::load;

use crate::contender::{Answers, Contender};
use crate::workload::{Test, Workload};

pub(crate) fn contenders(workload: &Workload) -> anyhow::Result<Vec<Contender>> {
    let program = Program::load(&module(workload)?)?;
    let pairs: Vec<[(&'static str, String); 3]> = workload
        .contexts
        .iter()
        .map(|context| context.pairs().map(|(name, value)| (name, value.to_owned())))
        .collect();
    let maps: Vec<HashMap<String, String>> = pairs
        .iter()
        .map(|pairs| {
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect()
        })
        .collect();
    let from_slice = decider(&program, workload)?;
    let from_map = decider(&program, workload)?;
    Ok(vec![
        Contender::new("Crossfade", "context read from a slice", move |nth, answers| {
            let pairs = pairs[nth]
                .each_ref()
                .map(|(name, value)| (*name, Value::String(value)));
            from_slice(&program::Context::new(&pairs, 0), answers);
        }),
        Contender::new(
            "Crossfade",
            "context read from a `HashMap`",
            move |nth, answers| {
                from_map(&program::Context::new(&maps[nth], 0), answers);
            },
        ),
    ])
}

/// Decides all features of a context.
fn decider(
    program: &Program,
    workload: &Workload,
) -> anyhow::Result<impl Fn(&program::Context<'_>, &mut Answers) + use<>> {
    let instance = program.instance()?;
    let ids = workload
        .features
        .iter()
        .map(|feature| program.variable(&feature.key));
    let ids: Vec<VariableId> = ids.collect::<Option<_>>().context("all variables")?;
    let only = match ids[..] {
        [only] => Some(only),
        _ => None,
    };
    Ok(
        move |context: &program::Context<'_>, answers: &mut Answers| match only {
            Some(only) => answers[0] = instance.decide_variable(only, context).as_bool() == Some(true),
            None => {
                let decisions = instance.decide_all(context);
                for (decision, answer) in decisions.iter().zip(answers) {
                    *answer = decision.as_bool() == Some(true);
                }
            }
        },
    )
}

/// The rules, compiled.
pub(crate) fn module(workload: &Workload) -> anyhow::Result<Vec<u8>> {
    let context = "attributes: { user_id: { type: string }, country: { type: string }, subscription: { type: string } }";
    let mut files = vec![("context.yaml".to_owned(), context.as_bytes().to_vec())];
    for feature in &workload.features {
        let key = &feature.key;
        let mut text = format!(
            "feature: {key}\nvariables: {{ {key}: {{ type: boolean }} }}\n\
             variations: {{ off: {{ {key}: false }}, on: {{ {key}: true }} }}\ndefault: off\ntargeting:\n"
        );
        for (rule, nth) in feature.rules.iter().zip(1..) {
            let condition = |test: &Test| {
                let name = test.attribute.name();
                if test.is_long() {
                    let segment = format!("{key}-{nth}");
                    let condition = format!("{name} in segment(\"{segment}\")");
                    files.push((
                        format!("segments/{segment}.txt"),
                        test.values.join("\n").into_bytes(),
                    ));
                    condition
                } else {
                    match &test.values[..] {
                        [value] => format!("{name} == {value:?}"),
                        values => format!("{name} in {values:?}"),
                    }
                }
            };
            let conditions: Vec<String> = rule.tests.iter().map(condition).collect();
            text += &format!("  - name: {}\n    when: {}\n", rule.name, conditions.join(" && "));
            if let Some(percent) = rule.percent {
                text += &format!("    rollout: {percent}%\n");
            }
            text += "    serve: on\n";
        }
        files.push((format!("{key}.yaml"), text.into_bytes()));
    }
    let loaded = load(&files);
    let rules = loaded
        .rules
        .with_context(|| format!("{:#?}", loaded.diagnostics.first()))?;
    Ok(compile(&rules)?)
}
