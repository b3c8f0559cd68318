//! What concerns several files: names that must be unique, and declarations that nothing uses.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::feature::CheckedFeature;
use super::{Feature, Serve};
use crate::condition::{AttributeId, Environment, Kind, SegmentId};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::source::Source;

/// Hexadecimal digits of a version: 64 bits, so that two versions of one folder never meet by chance.
const VERSION_DIGITS: usize = 16;

/// Reports what is wrong with the features together.
pub(super) fn check(
    features: &[Arc<CheckedFeature>],
    environment: &Environment,
    diagnostics: &mut Vec<Diagnostic>,
) {
    unique(features, diagnostics);
    // Something that cannot be read may use what nothing else does.
    if diagnostics
        .iter()
        .all(|diagnostic| diagnostic.severity() != Severity::Error)
    {
        let features: Vec<&Feature> = features
            .iter()
            .filter_map(|checked| checked.feature.as_ref())
            .collect();
        unused(&features, environment, diagnostics);
    }
}

/// The version of rules made of these texts.
pub(super) fn version<'s>(sources: impl Iterator<Item = &'s Source>) -> String {
    let mut hash = Sha256::new();
    for source in sources {
        for part in [source.path(), source.text()] {
            // With its length, so that no text can pass for the next one's path.
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
    }
    let mut version = String::new();
    for byte in hash.finalize() {
        // Writing into a string cannot fail.
        let _ = write!(version, "{byte:02x}");
    }
    version.truncate(VERSION_DIGITS);
    version
}

fn unique(features: &[Arc<CheckedFeature>], diagnostics: &mut Vec<Diagnostic>) {
    let mut names = HashMap::new();
    let mut keys = HashMap::new();
    for checked in features {
        if let Some((name, span)) = &checked.name {
            if let Some(first) = names.get(name) {
                diagnostics.push(
                    Diagnostic::new(
                        Code::DuplicateFeature,
                        format!("two features are called `{name}`"),
                        *span,
                    )
                    .labelled("again here")
                    .also(*first, "first here"),
                );
            }
            names.entry(name).or_insert(*span);
        }
        for (key, span) in &checked.variables {
            if let Some(first) = keys.get(key) {
                diagnostics.push(
                    Diagnostic::new(
                        Code::DuplicateVariable,
                        format!("two features have a variable `{key}`"),
                        *span,
                    )
                    .labelled("again here")
                    .also(*first, "first here")
                    .note("applications ask for a variable by its key alone, so it belongs to one feature"),
                );
            }
            keys.entry(key).or_insert(*span);
        }
    }
}

fn unused(features: &[&Feature], environment: &Environment, diagnostics: &mut Vec<Diagnostic>) {
    let mut attributes: HashSet<AttributeId> = HashSet::new();
    let mut segments: HashSet<SegmentId> = HashSet::new();
    for feature in features {
        let mut variations = HashSet::from([feature.default]);
        for rule in &feature.targeting {
            attributes.extend(rule.by);
            match &rule.serve {
                Serve::One(variation) => drop(variations.insert(*variation)),
                Serve::Weighted(weights) => {
                    variations.extend(weights.iter().map(|(variation, _)| *variation));
                }
            }
            rule.condition.for_each(&mut |expression| match &expression.kind {
                Kind::Attribute(id) | Kind::Has(id) => drop(attributes.insert(*id)),
                Kind::InSegment { segment, .. } => drop(segments.insert(*segment)),
                _ => {}
            });
        }
        let unserved = feature
            .variations
            .iter()
            .enumerate()
            .filter(|(position, _)| !variations.contains(position));
        diagnostics.extend(unserved.map(|(_, variation)| {
            let message = format!("nothing serves the variation `{}`", variation.name);
            Diagnostic::new(Code::UnusedVariation, message, variation.span).labelled("never served")
        }));
    }
    for (attribute, id) in environment.attributes().iter().zip(0..) {
        if !attributes.contains(&AttributeId(id)) {
            let message = format!("no rule uses the attribute `{}`", attribute.name);
            diagnostics
                .push(Diagnostic::new(Code::UnusedAttribute, message, attribute.span).labelled("never used"));
        }
    }
    for (segment, id) in environment.segments().iter().zip(0..) {
        if !segments.contains(&SegmentId(id)) {
            let message = format!("no rule uses the segment \"{}\"", segment.name);
            diagnostics
                .push(Diagnostic::new(Code::UnusedSegment, message, segment.span).labelled("never used"));
        }
    }
}
