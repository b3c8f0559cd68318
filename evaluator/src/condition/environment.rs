//! What conditions may name: attributes with their types, and segments with their values.

use std::collections::HashMap;
use std::sync::Arc;

use super::pattern::{self, Matcher};
use super::{AttributeId, Literal, SegmentId, Type};
use crate::source::Span;

/// An attribute that applications send, as `context.yaml` declares it.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribute {
    /// As conditions and contexts name it.
    pub name: String,
    /// The type its values have.
    pub ty: Type,
    /// Every value it can have, where that is declared; for a list, every value an element can have.
    pub values: Option<Vec<Literal>>,
    /// What every value (of a list: every element) matches as a whole, in RE2's syntax, as it was written.
    pub pattern: Option<String>,
    /// For people.
    pub description: String,
    /// Its name in `context.yaml`.
    pub span: Span,
}

/// A named list of strings, kept in a text file.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// As conditions name it: the file's name without `.txt`.
    pub name: String,
    /// In ascending order of their bytes, each once.
    pub values: Arc<[String]>,
    /// The start of its file.
    pub span: Span,
}

/// What conditions may name.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    attributes: Vec<Attribute>,
    segments: Vec<Segment>,
    attribute_ids: HashMap<String, AttributeId>,
    segment_ids: HashMap<String, SegmentId>,
    /// Of the attributes with a pattern.
    matchers: HashMap<AttributeId, Matcher>,
}

/// Why an attribute's pattern cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the pattern cannot be read: {reason}")]
pub struct BadAttribute {
    reason: String,
}

impl Environment {
    /// Of two attributes or segments with one name, the later is not found by it.
    pub fn new(attributes: Vec<Attribute>, segments: Vec<Segment>) -> Environment {
        let mut environment = Environment::default();
        for (attribute, id) in attributes.iter().zip(0..) {
            environment
                .attribute_ids
                .entry(attribute.name.clone())
                .or_insert(AttributeId(id));
            let translated = attribute
                .pattern
                .as_deref()
                .and_then(|pattern| pattern::translate(pattern).ok());
            if let Some(matcher) = translated.and_then(|translated| Matcher::new(&translated)) {
                environment.matchers.insert(AttributeId(id), matcher);
            }
        }
        for (segment, id) in segments.iter().zip(0..) {
            environment
                .segment_ids
                .entry(segment.name.clone())
                .or_insert(SegmentId(id));
        }
        Environment {
            attributes,
            segments,
            ..environment
        }
    }

    /// All attributes, in the order of their [`AttributeId`]s.
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// All segments, in the order of their [`SegmentId`]s.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// An attribute by its name.
    pub fn attribute_id(&self, name: &str) -> Option<AttributeId> {
        self.attribute_ids.get(name).copied()
    }

    /// A segment by its name.
    pub fn segment_id(&self, name: &str) -> Option<SegmentId> {
        self.segment_ids.get(name).copied()
    }

    /// An attribute of this environment; `None` for an identifier of another.
    pub fn attribute(&self, id: AttributeId) -> Option<&Attribute> {
        self.attributes.get(id.0 as usize)
    }

    /// A segment of this environment; `None` for an identifier of another.
    pub fn segment(&self, id: SegmentId) -> Option<&Segment> {
        self.segments.get(id.0 as usize)
    }

    /// Why a pattern could not be an attribute's.
    pub fn check_pattern(pattern: &str) -> Result<(), BadAttribute> {
        let translated = pattern::translate(pattern).map_err(|bad| BadAttribute { reason: bad.reason })?;
        match Matcher::new(&translated) {
            Some(_) => Ok(()),
            None => Err(BadAttribute {
                reason: "it is too large".to_owned(),
            }),
        }
    }

    /// Whether a string breaks the pattern that an attribute declares.
    pub fn breaks_pattern(&self, id: AttributeId, text: &str) -> bool {
        self.matchers
            .get(&id)
            .is_some_and(|matcher| !matcher.matches(text))
    }
}
