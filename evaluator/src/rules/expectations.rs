//! Tests in the files: whether they speak of what there is. They are run elsewhere.

use serde_json::Value;

use super::document::{Json, Mapping, Required, Spanned, TestDocument};
use super::feature::{Check, Parts, listed};
use super::targeting::Targeting;
use super::{Test, values};
use crate::diagnostic::{Code, Diagnostic, nearest};

/// Checks the tests of a feature.
pub(super) fn check(
    documents: Vec<Spanned<TestDocument>>,
    parts: &Parts<'_>,
    targeting: &Targeting,
    check: &mut Check<'_>,
) -> Vec<Test> {
    let mut tests: Vec<Test> = Vec::with_capacity(documents.len());
    for document in documents {
        let Some(test) = test(document, parts, targeting, check) else {
            continue;
        };
        if let Some(same) = tests.iter().find(|other| says_the_same(other, &test)) {
            check.report(
                Diagnostic::new(Code::IdleTest, "another test says the same", test.span)
                    .labelled("again here")
                    .also(same.span, "first here"),
            );
        }
        tests.push(test);
    }
    tests
}

fn says_the_same(a: &Test, b: &Test) -> bool {
    let same_given = a.given.len() == b.given.len() && a.given.iter().all(|given| b.given.contains(given));
    same_given && a.at_ms == b.at_ms && a.values == b.values && a.variation == b.variation && a.rule == b.rule
}

fn test(
    document: Spanned<TestDocument>,
    parts: &Parts<'_>,
    targeting: &Targeting,
    check: &mut Check<'_>,
) -> Option<Test> {
    let Spanned {
        value: document,
        span,
    } = document;
    let idle = document.expect.as_ref().is_none_or(|expect| expect.0.is_empty())
        && document.variation.is_none()
        && document.rule.is_none();
    if idle {
        check.report(
            Diagnostic::new(Code::IdleTest, "this test expects nothing", span)
                .labelled("cannot fail")
                .help("say what is expected with `expect:`, `variation:` or `rule:`"),
        );
    }
    let Required(given) = document.given;
    let expect = document.expect.unwrap_or(Mapping(Vec::new()));
    for (key, value) in &expect.0 {
        expected_value(key, value, parts, check);
    }
    let given = given?;
    for (name, value) in &given.0 {
        given_value(name, value, check);
    }
    let variation = document
        .variation
        .filter(|name| check.variation(name, parts).is_some());
    Some(Test {
        given: pairs(given),
        at_ms: document.at.map(|at| at.0),
        values: pairs(expect),
        variation: variation.map(|name| name.value),
        rule: document
            .rule
            .and_then(|rule| expected_rule(rule, targeting, check)),
        span,
    })
}

fn pairs(mapping: Mapping<Spanned<Json>>) -> Vec<(String, Value)> {
    mapping
        .0
        .into_iter()
        .map(|(name, value)| (name.value, value.value.0))
        .collect()
}

fn given_value(name: &Spanned<String>, value: &Spanned<Json>, check: &mut Check<'_>) {
    let environment = &check.vocabulary.environment;
    let attribute = environment
        .attribute_id(&name.value)
        .and_then(|id| environment.attribute(id));
    match attribute {
        Some(attribute) => {
            // An attribute of no value is one that is missing.
            if !value.value.0.is_null()
                && let Err(mistake) = values::is_context_value(&value.value.0, &attribute.ty)
            {
                check.report(mistake.at(Code::InvalidTest, value.span));
            }
        }
        None if check.vocabulary.complete && !check.vocabulary.broken.contains(&name.value) => {
            let message = format!("there is no attribute `{}`", name.value);
            let names = environment
                .attributes()
                .iter()
                .map(|attribute| attribute.name.as_str());
            let diagnostic = Diagnostic::new(Code::InvalidTest, message, name.span)
                .labelled("not declared in context.yaml")
                .did_you_mean(&name.value, name.span, names);
            check.report(diagnostic);
        }
        None => {}
    }
}

fn expected_value(key: &Spanned<String>, value: &Spanned<Json>, parts: &Parts<'_>, check: &mut Check<'_>) {
    let Some(position) = parts
        .variables
        .iter()
        .position(|variable| variable.key == key.value)
    else {
        let message = format!("the feature has no variable `{}`", key.value);
        let diagnostic = Diagnostic::new(Code::InvalidTest, message, key.span).labelled("unknown variable");
        let keys = || parts.variables.iter().map(|variable| variable.key.as_str());
        return check.report(match nearest(&key.value, keys()) {
            Some(near) => diagnostic.suggest(format!("did you mean `{near}`?"), key.span, near),
            None => diagnostic.help(format!("the variables are {}", listed(keys()))),
        });
    };
    let Json(expected) = &value.value;
    if let Err(mistake) = values::is_of_type(expected, parts.variables[position].ty) {
        return check.report(mistake.at(Code::InvalidTest, value.span));
    }
    if !parts
        .variations
        .iter()
        .any(|variation| variation.values.get(position) == Some(expected))
    {
        let message = format!(
            "no variation gives `{}` this value, so the test cannot pass",
            key.value
        );
        check.report(
            Diagnostic::new(Code::InvalidTest, message, value.span).labelled("a value of no variation"),
        );
    }
}

/// The rule that a test expects: the inner `None` is no rule at all.
#[expect(
    clippy::option_option,
    reason = "that nothing is expected and that no rule is expected are two things"
)]
fn expected_rule(
    rule: Spanned<Json>,
    targeting: &Targeting,
    check: &mut Check<'_>,
) -> Option<Option<String>> {
    let name = match rule.value.0 {
        Value::Null => return Some(None),
        Value::String(name) => name,
        other => other.to_string(),
    };
    if targeting.names.contains(&name) {
        return Some(Some(name));
    }
    let diagnostic = Diagnostic::new(
        Code::InvalidTest,
        format!("there is no rule \"{name}\""),
        rule.span,
    )
    .labelled("unknown rule");
    let names = || targeting.names.iter().map(String::as_str);
    check.report(match nearest(&name, names()) {
        Some(near) => diagnostic.suggest(format!("did you mean \"{near}\"?"), rule.span, near),
        None => diagnostic.help(format!(
            "the rules are {}; `null` expects none of them",
            listed(names())
        )),
    });
    None
}
