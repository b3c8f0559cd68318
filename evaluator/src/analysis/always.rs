//! Whether a variable has one value for every context.

use std::ops::ControlFlow;

use serde::Serialize;
use serde_json::Value as Json;

use super::example::Example;
use super::model::Model;
use super::search::{Gap, Search};
use crate::program::Instance;
use crate::rules::Rules;

/// So many contexts are tried where it is not known that they are counter-examples.
const DOUBTFUL_TRIES: usize = 200;

/// What is known of a claim about every context.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Always {
    /// It holds for every context, from the given moment on.
    Proved,
    /// It does not hold for this one.
    Refuted {
        /// The context.
        example: Example,
        /// What the variable is then.
        value: Json,
        /// By which rule; none for the default.
        rule: Option<String>,
    },
    /// Neither was found.
    Unknown {
        /// Why.
        why: String,
    },
}

/// Whether a variable has this value for every context, at every moment from `from_ms` on. `None` if there is no such variable.
///
/// `instance` is of the program that these rules compile to: a counter-example is one that it decides so.
pub fn always(rules: &Rules, instance: &Instance, key: &str, wanted: &Json, from_ms: i64) -> Option<Always> {
    let feature = rules
        .features
        .iter()
        .find(|feature| feature.variables.iter().any(|variable| variable.key == key))?;
    let position = feature
        .variables
        .iter()
        .position(|variable| variable.key == key)?;
    let variable = instance.program().variable(key)?;
    let value_of = |variation: usize| {
        feature
            .variations
            .get(variation)
            .and_then(|variation| variation.values.get(position))
    };
    let model = Model::new(&[(rules, feature)], from_ms);
    let mut search = Search::new(&model);
    let (mut doubt, mut tries_left) = (None, DOUBTFUL_TRIES);
    let refuted = search.outcomes(|assumed, served| {
        let is_wanted = served
            .iter()
            .all(|served| value_of(served.variation) == Some(wanted));
        if is_wanted {
            return ControlFlow::Continue(());
        }
        let is_other = |example: &Example| {
            example.with_context(from_ms, |context| {
                instance.decide_variable(variable, context).value != wanted
            })
        };
        let unsure = assumed.opaque.iter().position(Option::is_some);
        if doubt.is_none() || tries_left > 0 {
            tries_left = tries_left.saturating_sub(1);
            if let Some(example) = Example::find(&model, assumed, is_other) {
                return ControlFlow::Break(example);
            }
        }
        doubt.get_or_insert(match unsure {
            Some(opaque) => format!(
                "`{}` is not decided for all contexts at once",
                model.variables.opaque[opaque].text
            ),
            None => "a context that it may not hold for could not be found".to_owned(),
        });
        ControlFlow::Continue(())
    });
    if let Some(example) = refuted {
        let (value, rule) = example.with_context(from_ms, |context| {
            let decision = instance.decide_variable(variable, context);
            (decision.value.clone(), decision.rule.map(str::to_owned))
        });
        return Some(Always::Refuted { example, value, rule });
    }
    Some(match (search.gap, doubt) {
        (Some(gap), _) => Always::Unknown {
            why: gap.told(&model),
        },
        (None, Some(why)) => Always::Unknown { why },
        (None, None) => Always::Proved,
    })
}

impl Gap {
    /// The reason, for people.
    pub(super) fn told(self, model: &Model) -> String {
        match self {
            Gap::TooLong => "the rules are too many to be seen through".to_owned(),
            Gap::Classes(attribute) => {
                let name = &model.variables.attributes[attribute.0].name;
                format!("what is asked of `{name}` has too many answers together")
            }
            Gap::Moments => "the rules change at too many instants".to_owned(),
        }
    }
}
