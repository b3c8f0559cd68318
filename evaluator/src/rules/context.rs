//! `context.yaml`, checked: what conditions may name.

use std::collections::HashSet;

use super::document::{AttributeDocument, ContextDocument, Json, Mapping, Read, Reader, Required, Spanned};
use super::{values, yaml};
use crate::condition::{Attribute, Environment, Literal, Segment, Type, is_name};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::source::{FileId, Source, Span};

/// What features are checked against.
#[derive(Debug)]
pub(super) struct Vocabulary {
    pub(super) environment: Environment,
    /// Attributes that are declared, but wrongly: that is reported once, where they are declared.
    pub(super) broken: HashSet<String>,
    /// False if the context could not be read at all, so that names cannot be checked.
    pub(super) complete: bool,
    /// The feature that asks for a context where there is none.
    pub(super) lacked_by: Option<FileId>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Reads the context: its only file, which may be lacked by a feature.
pub(super) fn read(
    files: &[(&Source, FileId)],
    segments: Vec<Segment>,
    lacked_by: Option<FileId>,
    mut diagnostics: Vec<Diagnostic>,
) -> Vocabulary {
    let mut broken = HashSet::new();
    let mut attributes = Vec::new();
    let mut complete = false;
    match files {
        [] => diagnostics.extend(lacked_by.map(|file| {
            let place = Span {
                file,
                start: 0,
                end: 0,
            };
            Diagnostic::new(Code::NoContext, "there is no context.yaml", place)
                .help("it declares the attributes that applications send, and their types")
                .help("for a beginning: `attributes: { user_id: { type: string } }`")
        })),
        [(source, file), more @ ..] => {
            for (_, other) in more {
                let place = Span {
                    file: *other,
                    start: 0,
                    end: 0,
                };
                diagnostics.push(Diagnostic::new(
                    Code::DuplicateFeature,
                    "there is one context, and this is another",
                    place,
                ));
            }
            let before = diagnostics.len();
            if let Some(document) = document(source, *file, &mut diagnostics) {
                complete = true;
                for (name, declared) in document.0 {
                    match attribute(&name, declared, &mut diagnostics) {
                        Some(attribute) => attributes.push(attribute),
                        None => drop(broken.insert(name.value)),
                    }
                }
            }
            // A declaration that was left out while reading is not known by name.
            complete &= diagnostics[before..].iter().all(|d| d.code != Code::WrongShape);
        }
    }
    Vocabulary {
        environment: Environment::new(attributes, segments),
        broken,
        complete,
        lacked_by,
        diagnostics,
    }
}

fn document(
    source: &Source,
    file: FileId,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Mapping<AttributeDocument>> {
    let before = diagnostics.len();
    let Some(node) = yaml::parse(source, file, diagnostics) else {
        // An empty context declares nothing.
        return (diagnostics.len() == before).then(|| Mapping(Vec::new()));
    };
    let Required(attributes) = ContextDocument::read(&node, &mut Reader { source, diagnostics })?.attributes;
    attributes
}

fn attribute(
    name: &Spanned<String>,
    declared: AttributeDocument,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Attribute> {
    let before = diagnostics.len();
    if !is_name(&name.value) {
        diagnostics.push(
            Diagnostic::new(Code::InvalidName, format!("conditions cannot name an attribute `{}`", name.value), name.span)
                .labelled("not a name in CEL")
                .help("a name has letters, digits and `_`, begins with no digit, and is no word that CEL keeps for itself"),
        );
    }
    let ty = declared.r#type.0?.0;
    let element = match &ty {
        Type::List(element) => element.as_ref(),
        scalar => scalar,
    };
    let known = declared
        .values
        .map(|values| known_values(&values, element, diagnostics));
    if let Some(pattern) = &declared.pattern {
        check_pattern(pattern, element, diagnostics);
    }
    let failed = diagnostics[before..]
        .iter()
        .any(|diagnostic| diagnostic.severity() == Severity::Error);
    (!failed).then(|| Attribute {
        name: name.value.clone(),
        ty: ty.clone(),
        values: known,
        pattern: declared.pattern.map(|pattern| pattern.value),
        description: declared.description.unwrap_or_default(),
        span: name.span,
    })
}

fn known_values(values: &[Spanned<Json>], ty: &Type, diagnostics: &mut Vec<Diagnostic>) -> Vec<Literal> {
    let mut known: Vec<Literal> = Vec::with_capacity(values.len());
    for Spanned {
        value: Json(value),
        span,
    } in values
    {
        match values::literal(value, ty) {
            Ok(literal) if known.contains(&literal) => diagnostics.push(
                Diagnostic::new(
                    Code::DuplicateValue,
                    format!("{} is declared twice", literal.written()),
                    *span,
                )
                .labelled("again here"),
            ),
            Ok(literal) => known.push(literal),
            Err(mistake) => diagnostics.push(mistake.at(Code::InvalidValue, *span)),
        }
    }
    known
}

fn check_pattern(pattern: &Spanned<String>, ty: &Type, diagnostics: &mut Vec<Diagnostic>) {
    if *ty != Type::String {
        diagnostics.push(
            Diagnostic::new(
                Code::InvalidValue,
                format!("a pattern is for strings, not for {ty}"),
                pattern.span,
            )
            .labelled("the attribute is no string"),
        );
    } else if let Err(mistake) = Environment::check_pattern(&pattern.value) {
        diagnostics
            .push(Diagnostic::new(Code::InvalidPattern, mistake.to_string(), pattern.span).labelled("here"));
    }
}
