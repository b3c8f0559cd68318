//! A feature's file, checked against the context.

use super::context::Vocabulary;
use super::document::{FeatureDocument, Json, Mapping, Read, Reader, Spanned, VariableDocument};
use super::{Feature, Variable, Variation, expectations, targeting, values, yaml};
use crate::diagnostic::{Code, Diagnostic, Severity, nearest};
use crate::source::{FileId, Source, Span};

/// What a file came to.
#[derive(Debug, Default)]
pub(super) struct CheckedFeature {
    /// `None` if any diagnostic is an error.
    pub(super) feature: Option<Feature>,
    /// Its name, with or without errors: names are compared across files.
    pub(super) name: Option<(String, Span)>,
    /// Its variables' keys, with or without errors.
    pub(super) variables: Vec<(String, Span)>,
    /// How many rules it has, with or without errors.
    pub(super) rules: usize,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Names of the parts of one feature that its rules and tests may speak of.
pub(super) struct Parts<'f> {
    pub(super) variables: &'f [Variable],
    pub(super) variations: &'f [Variation],
}

/// What every check of one file needs.
pub(super) struct Check<'c> {
    pub(super) vocabulary: &'c Vocabulary,
    pub(super) diagnostics: &'c mut Vec<Diagnostic>,
}

impl Check<'_> {
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// A variation by its name, or a report that there is none.
    pub(super) fn variation(&mut self, name: &Spanned<String>, parts: &Parts<'_>) -> Option<usize> {
        let position = parts
            .variations
            .iter()
            .position(|variation| variation.name == name.value);
        if position.is_none() {
            let diagnostic = Diagnostic::new(
                Code::UnknownVariation,
                format!("there is no variation `{}`", name.value),
                name.span,
            )
            .labelled("unknown variation");
            let names = || parts.variations.iter().map(|variation| variation.name.as_str());
            self.report(match nearest(&name.value, names()) {
                Some(near) => diagnostic.suggest(format!("did you mean `{near}`?"), name.span, near),
                None => diagnostic.help(format!("the variations are {}", listed(names()))),
            });
        }
        position
    }
}

/// `a`, `b` and `c`
pub(super) fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    super::document::listed(&names.collect::<Vec<_>>())
}

/// Reads and checks a feature's file.
pub(super) fn check(source: &Source, file: FileId, vocabulary: &Vocabulary) -> CheckedFeature {
    let mut checked = CheckedFeature::default();
    let Some(node) = yaml::parse(source, file, &mut checked.diagnostics) else {
        if checked.diagnostics.is_empty() {
            let place = Span {
                file,
                start: 0,
                end: 0,
            };
            checked.diagnostics.push(
                Diagnostic::new(Code::WrongShape, "this file is empty", place)
                    .help("a feature begins with `feature:` and its name"),
            );
        }
        return checked;
    };
    let document = FeatureDocument::read(
        &node,
        &mut Reader {
            source,
            diagnostics: &mut checked.diagnostics,
        },
    );
    if let Some(document) = document {
        let mut diagnostics = std::mem::take(&mut checked.diagnostics);
        let check = Check {
            vocabulary,
            diagnostics: &mut diagnostics,
        };
        checked.feature = feature(document, check, &mut checked);
        checked.diagnostics = diagnostics;
    }
    if checked
        .diagnostics
        .iter()
        .any(|diagnostic| diagnostic.severity() == Severity::Error)
    {
        checked.feature = None;
    }
    checked
}

fn feature(document: FeatureDocument, mut check: Check<'_>, checked: &mut CheckedFeature) -> Option<Feature> {
    let name = document.feature.0;
    if let Some(name) = &name {
        check_name(name, "feature", &mut check);
        checked.name = Some((name.value.clone(), name.span));
    }
    let variables = document
        .variables
        .0
        .map(|variables| variables_of(variables, &mut check, checked));
    let (variables, complete) = variables.unwrap_or((Vec::new(), false));
    let variations = document
        .variations
        .0
        .map(|variations| variations_of(variations, &variables, complete, &mut check));
    let parts = variations.as_ref().map(|variations| Parts {
        variables: &variables,
        variations,
    });
    let rules = document.targeting.unwrap_or_default();
    checked.rules = rules.len();
    let targeting = targeting::check(rules, parts.as_ref(), &mut check);
    let parts = parts?;
    let default = document
        .default
        .0
        .and_then(|default| check.variation(&default, &parts));
    let tests = expectations::check(document.tests.unwrap_or_default(), &parts, &targeting, &mut check);
    let (name, default, variations) = (name?, default?, variations?);
    Some(Feature {
        span: name.span,
        name: name.value,
        description: document.description.unwrap_or_default(),
        enabled: document.enabled.unwrap_or(true),
        variables,
        variations,
        targeting: targeting.rules,
        default,
        tests,
    })
}

fn check_name(name: &Spanned<String>, what: &str, check: &mut Check<'_>) {
    let unfit = name.value.trim().is_empty() || name.value.chars().any(char::is_control);
    if unfit {
        check.report(
            Diagnostic::new(
                Code::InvalidName,
                format!("a {what} needs a name that can be read"),
                name.span,
            )
            .labelled("empty, or with control characters"),
        );
    }
}

/// The variables, and whether all of them could be read.
fn variables_of(
    declared: Mapping<VariableDocument>,
    check: &mut Check<'_>,
    checked: &mut CheckedFeature,
) -> (Vec<Variable>, bool) {
    let mut complete = true;
    let mut variables = Vec::with_capacity(declared.0.len());
    for (key, variable) in declared.0 {
        check_name(&key, "variable", check);
        checked.variables.push((key.value.clone(), key.span));
        match variable.r#type.0 {
            Some(ty) => variables.push(Variable {
                key: key.value,
                ty,
                description: variable.description.unwrap_or_default(),
            }),
            None => complete = false,
        }
    }
    (variables, complete)
}

fn variations_of(
    written: Mapping<Mapping<Spanned<Json>>>,
    variables: &[Variable],
    complete: bool,
    check: &mut Check<'_>,
) -> Vec<Variation> {
    let mut variations = Vec::with_capacity(written.0.len());
    for (name, given) in written.0 {
        check_name(&name, "variation", check);
        if complete {
            check_keys(&name, &given, variables, check);
        }
        let values = variables.iter().map(|variable| {
            let value = given
                .0
                .iter()
                .find(|(key, _)| key.value == variable.key)
                .map(|(_, value)| value);
            if let Some(Spanned {
                value: Json(value),
                span,
            }) = value
                && let Err(mistake) = values::is_of_type(value, variable.ty)
            {
                check.report(mistake.at(Code::ValueType, *span));
            }
            value.map(|value| value.value.0.clone()).unwrap_or_default()
        });
        variations.push(Variation {
            values: values.collect(),
            name: name.value,
            span: name.span,
        });
    }
    variations
}

/// A variation has a value for every variable and for nothing else.
fn check_keys(
    name: &Spanned<String>,
    given: &Mapping<Spanned<Json>>,
    variables: &[Variable],
    check: &mut Check<'_>,
) {
    for (key, _) in &given.0 {
        if variables.iter().all(|variable| variable.key != key.value) {
            let message = format!("the feature has no variable `{}`", key.value);
            let diagnostic =
                Diagnostic::new(Code::VariationValues, message, key.span).labelled("a value for no variable");
            let keys = || variables.iter().map(|variable| variable.key.as_str());
            check.report(match nearest(&key.value, keys()) {
                Some(near) => diagnostic.suggest(format!("did you mean `{near}`?"), key.span, near),
                None => diagnostic.help(format!("the variables are {}", listed(keys()))),
            });
        }
    }
    let missing: Vec<&str> = variables
        .iter()
        .map(|variable| variable.key.as_str())
        .filter(|key| given.0.iter().all(|(given, _)| given.value != *key))
        .collect();
    if !missing.is_empty() {
        let message = format!(
            "the variation `{}` has no value for {}",
            name.value,
            listed(missing.iter().copied())
        );
        check.report(
            Diagnostic::new(Code::VariationValues, message, name.span)
                .labelled("a variation has a value for every variable")
                .help(format!("add `{}: …`", missing.join(": …, "))),
        );
    }
}
