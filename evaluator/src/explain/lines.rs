//! A condition as lines of text: one for each condition in it, with the values that it saw.

use super::seen::{Finding, Form, Seen};
use crate::condition::Type;

/// A line below a rule's name.
#[derive(Debug)]
pub(super) struct Line {
    /// How far it is indented.
    pub(super) depth: usize,
    /// What was asked.
    pub(super) text: String,
    /// What came of it.
    pub(super) result: String,
    /// How that looks.
    pub(super) tone: Tone,
    /// What it saw.
    pub(super) facts: Vec<String>,
}

/// How a text looks where there is colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Strong,
    Faint,
    Yes,
    No,
    Unknown,
}

/// Adds the lines of a condition: its own, and those of the conditions that it is made of.
pub(super) fn condition_lines(seen: &Seen, depth: usize, lines: &mut Vec<Line>) {
    let (result, tone) = match &seen.finding {
        Finding::Value { value } => {
            let result = value.to_string();
            let tone = if result == "true" { Tone::Yes } else { Tone::No };
            (result, tone)
        }
        Finding::Unknown { .. } => ("unknown".to_owned(), Tone::Unknown),
        Finding::NotEvaluated => ("not evaluated".to_owned(), Tone::Faint),
    };
    lines.push(Line {
        depth,
        text: seen.text.clone(),
        result,
        tone,
        facts: facts(seen),
    });
    for part in seen.parts.iter().filter(|part| is_line(seen, part)) {
        condition_lines(part, depth + 1, lines);
    }
    if seen.omitted > 0 {
        lines.push(Line {
            depth: depth + 1,
            text: format!("… and {} more elements", seen.omitted),
            result: String::new(),
            tone: Tone::Plain,
            facts: Vec::new(),
        });
    }
}

/// Whether a part has a line of its own, rather than being a value that its whole saw.
fn is_line(whole: &Seen, part: &Seen) -> bool {
    part.ty == Type::Bool && (whole.form.is_logic() || !part.parts.is_empty())
}

/// What a condition saw, each fact once.
fn facts(seen: &Seen) -> Vec<String> {
    let mut facts = Vec::new();
    for part in seen.parts.iter().filter(|part| !is_line(seen, part)) {
        value_facts(part, &mut facts);
    }
    add_causes(seen, &mut facts);
    if let Some(segment) = &seen.segment {
        let values = if segment.size == 1 { "value" } else { "values" };
        add(
            &mut facts,
            format!("{} has {} {values}", segment.name, segment.size),
        );
    }
    facts
}

/// A value with all that it is made of.
fn value_facts(part: &Seen, facts: &mut Vec<String>) {
    match &part.finding {
        Finding::Value { value } if part.form != Form::List => {
            add(facts, format!("{} = {value}", name(part)));
        }
        Finding::NotEvaluated => add(facts, format!("{} not evaluated", name(part))),
        _ => add_causes(part, facts),
    }
    for part in &part.parts {
        value_facts(part, facts);
    }
}

/// Why something is unknown, unless a part of it is and tells.
fn add_causes(seen: &Seen, facts: &mut Vec<String>) {
    let is_unknown = |seen: &Seen| matches!(seen.finding, Finding::Unknown { .. });
    if let Finding::Unknown { because } = &seen.finding
        && !seen.parts.iter().any(is_unknown)
    {
        for cause in because {
            add(facts, cause.to_string());
        }
    }
}

fn add(facts: &mut Vec<String>, fact: String) {
    if !facts.contains(&fact) {
        facts.push(fact);
    }
}

/// The text of a value, in parentheses where that is easier to read.
fn name(part: &Seen) -> String {
    match part.form {
        Form::Attribute | Form::Local | Form::Now | Form::Index | Form::Call | Form::Has | Form::List => {
            part.text.clone()
        }
        _ => format!("({})", part.text),
    }
}
