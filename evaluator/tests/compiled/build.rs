//! Checked rules by hand, and contexts for them.

use crossfade_evaluator::compile::compile;
use crossfade_evaluator::condition::{
    Attribute, AttributeId, Comparison, Environment, Expression, Kind, Literal, Type,
};
use crossfade_evaluator::program::{Instance, Program};
use crossfade_evaluator::rules::{
    Feature, Rollout, Rules, Serve, Share, TargetingRule, ValueType, Variable, Variation, Window,
};
use crossfade_evaluator::source::{Sources, Span};
use serde_json::{Value as Json, json};

/// An environment of attributes with these types.
pub(crate) fn environment(attributes: &[(&str, Type)]) -> Environment {
    let attribute = |(name, ty): &(&str, Type)| Attribute {
        name: (*name).to_owned(),
        ty: ty.clone(),
        values: None,
        pattern: None,
        description: String::new(),
        span: Span::default(),
    };
    Environment::new(attributes.iter().map(attribute).collect(), Vec::new())
}

pub(crate) fn expression(ty: Type, kind: Kind) -> Expression {
    Expression {
        kind,
        ty,
        span: Span::default(),
    }
}

pub(crate) fn bool(kind: Kind) -> Expression {
    expression(Type::Bool, kind)
}

pub(crate) fn text(text: &str) -> Expression {
    expression(Type::String, Kind::Literal(Literal::String(text.to_owned())))
}

pub(crate) fn attribute(environment: &Environment, name: &str) -> Expression {
    let id = environment.attribute_id(name).expect("a declared attribute");
    let ty = environment.attribute(id).expect("its type").ty.clone();
    expression(ty, Kind::Attribute(id))
}

pub(crate) fn compare(operator: Comparison, left: Expression, right: Expression) -> Expression {
    bool(Kind::Compare {
        operator,
        left: left.into(),
        right: right.into(),
    })
}

pub(crate) fn equal(left: Expression, right: Expression) -> Expression {
    compare(Comparison::Equal, left, right)
}

pub(crate) fn not_equal(left: Expression, right: Expression) -> Expression {
    compare(Comparison::NotEqual, left, right)
}

pub(crate) fn not(inner: Expression) -> Expression {
    bool(Kind::Not(inner.into()))
}

pub(crate) fn is_in(needle: Expression, values: &[&str]) -> Expression {
    let elements = values.iter().map(|value| text(value)).collect();
    let list = expression(Type::List(Type::String.into()), Kind::List(elements));
    bool(Kind::In {
        needle: needle.into(),
        list: list.into(),
    })
}

/// A rule that serves a variation to whoever matches.
pub(crate) fn rule(name: &str, condition: Expression, serve: usize) -> TargetingRule {
    TargetingRule {
        name: name.to_owned(),
        condition,
        window: Window::default(),
        rollout: None,
        serve: Serve::One(serve),
        by: None,
        salt: name.to_owned(),
        span: Span::default(),
    }
}

/// The same rule for a share of users.
pub(crate) fn rolled_out(rule: TargetingRule, by: AttributeId, percent: f64) -> TargetingRule {
    TargetingRule {
        rollout: Some(Rollout::Fixed(Share(percent / 100.0))),
        by: Some(by),
        ..rule
    }
}

/// A feature of one boolean variable, which bears its name; variation 0 is false and the default, 1 is true.
pub(crate) fn switch(name: &str, targeting: Vec<TargetingRule>) -> Feature {
    let variations = [("off", json!([false])), ("on", json!([true]))];
    feature(name, &[name], &variations, targeting)
}

pub(crate) fn feature(
    name: &str,
    variables: &[&str],
    variations: &[(&str, Json)],
    targeting: Vec<TargetingRule>,
) -> Feature {
    let variable = |key: &&str| Variable {
        key: (*key).to_owned(),
        ty: ValueType::Boolean,
        description: String::new(),
    };
    let variation = |(name, values): &(&str, Json)| Variation {
        name: (*name).to_owned(),
        values: values.as_array().expect("an array of values").clone(),
        span: Span::default(),
    };
    Feature {
        name: name.to_owned(),
        description: String::new(),
        enabled: true,
        variables: variables.iter().map(variable).collect(),
        variations: variations.iter().map(variation).collect(),
        targeting,
        default: 0,
        tests: Vec::new(),
        span: Span::default(),
    }
}

pub(crate) fn rules(environment: Environment, features: Vec<Feature>) -> Rules {
    Rules {
        environment,
        features,
        version: "test".to_owned(),
        sources: Sources::default(),
    }
}

/// Compiles, loads and instantiates.
pub(crate) fn run(rules: &Rules) -> Instance {
    let wasm = compile(rules).expect("rules that compile");
    let program = Program::load(&wasm).expect("a module that loads");
    program.instance().expect("an instance")
}
