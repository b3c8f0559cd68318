//! Users in the list of a rule's condition: `user_id in ["123", "456"]`.

use super::super::yaml::{Kind, Node};
use super::place::Splice;
use super::{EditError, find};
use crate::condition::{Element, Members, members_of};
use crate::source::{MappedText, Source, Span};

/// The attribute whose list is meant.
const USER_ID: &str = "user_id";

/// Puts a user at the end of the list, unless it is there.
pub(super) fn add(source: &Source, rule: &Node, name: &str, user: &str) -> Result<Option<Splice>, EditError> {
    let (when, list, elements) = list_of(source, rule, name)?;
    if elements.iter().any(|element| element.value == user) {
        return Ok(None);
    }
    let are_numbers = elements.first().is_some_and(|element| !element.is_string);
    let written = if are_numbers && user.parse::<i64>().is_ok() {
        user.to_owned()
    } else {
        serde_json::Value::from(user).to_string()
    };
    let written = when.notation().encode(&written);
    let (place, text) = match elements.last() {
        Some(last) => (last.span.end, format!(", {written}")),
        None => (list.start + 1, written),
    };
    Ok(Some(splice(place, place, text)))
}

/// Takes a user out of the list, with its comma, if it is there.
pub(super) fn remove(
    source: &Source,
    rule: &Node,
    name: &str,
    user: &str,
) -> Result<Option<Splice>, EditError> {
    let (_, _, elements) = list_of(source, rule, name)?;
    let Some(at) = elements.iter().position(|element| element.value == user) else {
        return Ok(None);
    };
    let own = elements[at].span;
    let before = at.checked_sub(1).and_then(|before| elements.get(before));
    let (start, end) = match (before, elements.get(at + 1)) {
        (Some(before), _) => (before.span.end, own.end),
        (None, Some(next)) => (own.start, next.span.start),
        (None, None) => (own.start, own.end),
    };
    Ok(Some(splice(start, end, String::new())))
}

fn splice(start: u32, end: u32, text: String) -> Splice {
    Splice {
        start: start as usize,
        end: end as usize,
        text,
    }
}

/// The condition's text, and its only list of users with its elements.
fn list_of(source: &Source, rule: &Node, name: &str) -> Result<(MappedText, Span, Vec<Element>), EditError> {
    let when = find(rule, "when").ok_or(EditError::NoKey("when"))?;
    let Kind::Scalar(scalar) = &when.value.kind else {
        return Err(EditError::NoKey("when"));
    };
    let text = scalar.mapped(when.value.span, source);
    let mut lists = members_of(USER_ID, &text).into_iter();
    match (lists.next(), lists.next()) {
        (Some(Members::List { span, elements }), None) => Ok((text, span, elements)),
        (Some(Members::Segment(segment)), None) => Err(EditError::InSegment {
            rule: name.to_owned(),
            segment,
        }),
        (None, _) => Err(EditError::NoList(name.to_owned())),
        (Some(_), Some(_)) => Err(EditError::SeveralLists(name.to_owned())),
    }
}
