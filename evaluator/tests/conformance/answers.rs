//! From questions to answers, by our whole path: rules, a module, an instance, decisions.

use crossfade_evaluator::compile::compile;
use crossfade_evaluator::condition::{Environment, Expression};
use crossfade_evaluator::program::{Context, Instance, Program, Reason};
use crossfade_evaluator::rules::{
    Feature, Rules, Serve, TargetingRule, ValueType, Variable, Variation, Window,
};
use crossfade_evaluator::source::{Sources, Span};
use serde_json::{Map, Value as Json};

use crate::question::Question;

/// The questions of one row, and the context that they are asked in.
pub(crate) struct Asked {
    pub(crate) row: usize,
    pub(crate) attributes: Map<String, Json>,
    pub(crate) questions: Vec<Question>,
}

/// Asks rows that share an environment, in one module. Answers with each row's first wrong answer, if it has one.
pub(crate) fn answer(environment: &Environment, asked: &[Asked]) -> Vec<Option<String>> {
    let instance = match instance(environment, asked) {
        Ok(instance) => instance,
        // One of them is at fault, and by itself it says so.
        Err(_) if asked.len() > 1 => {
            return asked
                .iter()
                .flat_map(|row| answer(environment, std::slice::from_ref(row)))
                .collect();
        }
        Err(mistake) => return vec![Some(mistake)],
    };
    asked.iter().map(|row| wrong(&instance, row)).collect()
}

fn instance(environment: &Environment, asked: &[Asked]) -> Result<Instance, String> {
    let features = asked.iter().flat_map(|row| {
        row.questions
            .iter()
            .enumerate()
            .map(|(position, question)| switch(key(row, position), question.condition.clone()))
    });
    let rules = Rules {
        environment: environment.clone(),
        features: features.collect(),
        version: "conformance".to_owned(),
        sources: Sources::default(),
    };
    let wasm = compile(&rules).map_err(|error| format!("the compiler refuses it: {error}"))?;
    let program = Program::load(&wasm).map_err(|error| format!("the module does not load: {error}"))?;
    program
        .instance()
        .map_err(|error| format!("there is no instance: {error}"))
}

fn wrong(instance: &Instance, row: &Asked) -> Option<String> {
    let context = Context::new(&row.attributes, 0);
    row.questions.iter().enumerate().find_map(|(position, question)| {
        let decision = match instance.decide(&key(row, position), &context) {
            Ok(decision) => decision,
            Err(error) => return Some(format!("`{}` has no answer: {error}", question.text)),
        };
        let expected = if question.matches {
            Reason::TargetingMatch
        } else {
            Reason::Default
        };
        let wrong = decision.reason != expected || decision.as_bool() != Some(question.matches);
        wrong.then(|| {
            format!(
                "`{}` should {}, and the reason is {}",
                question.text,
                if question.matches { "match" } else { "not match" },
                decision.reason.as_str()
            )
        })
    })
}

fn key(row: &Asked, position: usize) -> String {
    format!("row-{}-{position}", row.row)
}

/// A feature that is on where a condition matches.
fn switch(key: String, condition: Expression) -> Feature {
    let variation = |name: &str, value: bool| Variation {
        name: name.to_owned(),
        values: vec![Json::Bool(value)],
        span: Span::default(),
    };
    Feature {
        name: key.clone(),
        description: String::new(),
        enabled: true,
        variables: vec![Variable {
            key,
            ty: ValueType::Boolean,
            description: String::new(),
        }],
        variations: vec![variation("off", false), variation("on", true)],
        targeting: vec![TargetingRule {
            name: "asked".to_owned(),
            condition,
            window: Window::default(),
            rollout: None,
            serve: Serve::One(1),
            by: None,
            salt: String::new(),
            span: Span::default(),
        }],
        default: 0,
        tests: Vec::new(),
        span: Span::default(),
    }
}
