//! Changes of parts of a file that leave all the rest of it, comments and layout included, as it was written.
//!
//! A change is made in the text, at the place that the parsed tree names. Then the new text is parsed again, and must say
//! what the old one said but for what was to change: so an unforeseen way of writing YAML ends in an error, never in
//! other rules. Whether the new rules are right is for [`load`](super::load()) to say.

mod place;
mod segment;
mod users;

use serde_json::{Value, json};

use self::place::{Splice, add_after, add_before, replace_value, scalar};
use super::yaml::{self, Entry, Kind, Node};
use crate::source::{FileId, Source};

pub use segment::edit_segment;

/// One change of a feature's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Switches the feature on or off.
    Enabled(bool),
    /// Serves another variation where no rule is.
    Default(String),
    /// Gives a rule another fixed rollout, such as `25%`.
    Rollout {
        /// The rule's name.
        rule: String,
        /// The share.
        percent: String,
    },
    /// Lets a rule serve something else.
    Serve {
        /// The rule's name.
        rule: String,
        /// What it serves.
        target: Target,
    },
    /// Adds a user to the list that a rule's condition has `user_id` in.
    AddUser {
        /// The rule's name.
        rule: String,
        /// The user's ID.
        user: String,
    },
    /// Takes a user out of that list.
    RemoveUser {
        /// The rule's name.
        rule: String,
        /// The user's ID.
        user: String,
    },
}

/// What a rule is to serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// One variation.
    One(String),
    /// Several, each with its share, such as `50%`.
    Weighted(Vec<(String, String)>),
}

/// Why a part of a file cannot be changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The file is no feature.
    #[error("the file cannot be parsed, so no part of it can be changed")]
    Unparsed,
    /// The part is not there.
    #[error("the feature has no `{0}`")]
    NoKey(&'static str),
    /// No rule has this name.
    #[error("the feature has no rule `{0}`")]
    NoRule(String),
    /// The rule asks for no list of users.
    #[error("the condition of `{0}` has no list `user_id in […]`")]
    NoList(String),
    /// The rule's users are kept in a file.
    #[error("the users of `{rule}` are those of the segment `{segment}`: change that")]
    InSegment {
        /// The rule.
        rule: String,
        /// The segment.
        segment: String,
    },
    /// The rule asks for several lists of users.
    #[error("the condition of `{0}` has several lists of users; say which by changing the document")]
    SeveralLists(String),
    /// The file is written in a way that this change could not be made in.
    #[error("the file is written in a way in which only this cannot be changed; change the document")]
    Unforeseen,
}

/// The feature's text with one change made; the same text where there was nothing to change.
pub fn edit_feature(text: &str, edit: &Edit) -> Result<String, EditError> {
    let (source, root) = parse(text)?;
    let splice = match edit {
        Edit::Enabled(enabled) => set_enabled(text, &root, *enabled)?,
        Edit::Default(variation) => {
            let entry = find(&root, "default").ok_or(EditError::NoKey("default"))?;
            let written = scalar(variation, is_json(text, &root));
            Some(replace_value(entry, &written))
        }
        Edit::Rollout { rule, percent } => set_rollout(text, rule_of(&root, rule)?, percent)?,
        Edit::Serve { rule, target } => {
            let rule = rule_of(&root, rule)?;
            let entry = find(rule, "serve").ok_or(EditError::NoKey("serve"))?;
            Some(replace_value(entry, &written_target(target, is_json(text, rule))))
        }
        Edit::AddUser { rule, user } => users::add(&source, rule_of(&root, rule)?, rule, user)?,
        Edit::RemoveUser { rule, user } => users::remove(&source, rule_of(&root, rule)?, rule, user)?,
    };
    let Some(splice) = splice else {
        return Ok(text.to_owned());
    };
    let edited = splice.apply(text).ok_or(EditError::Unforeseen)?;
    let (_, after) = parse(&edited).map_err(|_| EditError::Unforeseen)?;
    if expected(root.to_json(), edit, &after.to_json()) == Some(after.to_json()) {
        Ok(edited)
    } else {
        Err(EditError::Unforeseen)
    }
}

fn parse(text: &str) -> Result<(Source, Node), EditError> {
    let source = Source::new("feature", text);
    let mut diagnostics = Vec::new();
    let root = yaml::parse(&source, FileId(0), &mut diagnostics);
    match root {
        Some(root) if diagnostics.is_empty() => Ok((source, root)),
        _ => Err(EditError::Unparsed),
    }
}

fn set_enabled(text: &str, root: &Node, enabled: bool) -> Result<Option<Splice>, EditError> {
    match find(root, "enabled") {
        Some(entry) => Ok(Some(replace_value(entry, &enabled.to_string()))),
        None if enabled => Ok(None),
        None => {
            let name = find(root, "feature").ok_or(EditError::NoKey("feature"))?;
            Ok(Some(add_after(text, root, name, "enabled", "false")))
        }
    }
}

fn set_rollout(text: &str, rule: &Node, percent: &str) -> Result<Option<Splice>, EditError> {
    let written = scalar(percent, is_json(text, rule));
    if let Some(entry) = find(rule, "rollout") {
        return Ok(Some(replace_value(entry, &written)));
    }
    let serve = find(rule, "serve").ok_or(EditError::NoKey("serve"))?;
    Ok(Some(add_before(text, rule, serve, "rollout", &written)))
}

fn written_target(target: &Target, json: bool) -> String {
    match target {
        Target::One(variation) => scalar(variation, json),
        Target::Weighted(shares) => {
            let written = shares
                .iter()
                .map(|(variation, share)| format!("{}: {}", scalar(variation, json), scalar(share, json)));
            format!("{{ {} }}", written.collect::<Vec<_>>().join(", "))
        }
    }
}

/// What the file should say after the change; of a condition, only its own change tells what it should be.
fn expected(mut before: Value, edit: &Edit, after: &Value) -> Option<Value> {
    let rule_at = |value: &Value, name: &str| {
        let rules = value.get("targeting")?.as_array()?;
        rules
            .iter()
            .position(|rule| rule.get("name").is_some_and(|found| text_of(found) == name))
    };
    match edit {
        Edit::Enabled(enabled) => before["enabled"] = json!(enabled),
        Edit::Default(variation) => before["default"] = json!(variation),
        Edit::Rollout { rule, percent } => {
            let at = rule_at(&before, rule)?;
            before["targeting"][at]["rollout"] = json!(percent);
        }
        Edit::Serve { rule, target } => {
            let at = rule_at(&before, rule)?;
            before["targeting"][at]["serve"] = match target {
                Target::One(variation) => json!(variation),
                Target::Weighted(shares) => shares
                    .iter()
                    .map(|(variation, share)| (variation.clone(), json!(share)))
                    .collect(),
            };
        }
        Edit::AddUser { rule, .. } | Edit::RemoveUser { rule, .. } => {
            let at = rule_at(&before, rule)?;
            before["targeting"][at]["when"] = after.get("targeting")?.get(at)?.get("when")?.clone();
        }
    }
    Some(before)
}

/// A name may be written like a number.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn find<'n>(mapping: &'n Node, key: &str) -> Option<&'n Entry> {
    match &mapping.kind {
        Kind::Mapping(entries) => entries.iter().find(|entry| entry.key == key),
        _ => None,
    }
}

fn rule_of<'n>(root: &'n Node, name: &str) -> Result<&'n Node, EditError> {
    let rules = match find(root, "targeting").map(|entry| &entry.value.kind) {
        Some(Kind::Sequence(rules)) => rules.as_slice(),
        _ => &[],
    };
    let is_it = |rule: &&Node| {
        let written = find(rule, "name").map(|entry| &entry.value.kind);
        matches!(written, Some(Kind::Scalar(scalar)) if scalar.text == name)
    };
    rules
        .iter()
        .find(is_it)
        .ok_or_else(|| EditError::NoRule(name.to_owned()))
}

/// Whether a mapping is written as JSON: between braces, with its keys in quotes.
fn is_json(text: &str, mapping: &Node) -> bool {
    let first = match &mapping.kind {
        Kind::Mapping(entries) => entries.first(),
        _ => None,
    };
    let is_quoted = |entry: &Entry| {
        text.get(entry.key_span.start as usize..)
            .is_some_and(|text| text.starts_with('"'))
    };
    place::is_flow(text, mapping) && first.is_some_and(is_quoted)
}
