//! For people: each rule with what became of it, and each part of its condition with the values that it saw.

use std::fmt::Write as _;

use super::explanation::{
    Bucket, DecisionExplained, Explanation, FeatureExplained, GivenAttribute, RuleExplained, RuleOutcome,
    Standing, WindowSeen,
};
use super::lines::{Line, Tone, condition_lines};
use crate::source::Place;

/// Columns that lines share are no further to the right than this.
const TEXT_COLUMNS: usize = 64;
/// "not evaluated"
const RESULT_COLUMNS: usize = 13;
/// Facts that are longer than this together stand below each other.
const FACTS_COLUMNS: usize = 90;

/// The explanation as text: indented, each condition's result and values to its right.
pub fn render_text(explanation: &Explanation, colour: bool) -> String {
    let mut page = Page {
        text: String::new(),
        colour,
    };
    page.given(explanation);
    for feature in &explanation.features {
        page.feature(feature);
    }
    page.text
}

/// What has been written.
struct Page {
    text: String,
    colour: bool,
}

impl Page {
    fn given(&mut self, explanation: &Explanation) {
        let given: Vec<String> = explanation
            .attributes
            .iter()
            .map(|attribute| format!("{} = {}", attribute.name, attribute.value))
            .collect();
        let given = if given.is_empty() {
            "nothing".to_owned()
        } else {
            given.join(", ")
        };
        self.line(&format!("at     {}", explanation.at));
        self.line(&format!("given  {given}"));
        for attribute in &explanation.attributes {
            if let Some(note) = note(attribute) {
                let note = self.painted(Tone::Unknown, &format!("note   {note}"));
                self.line(&note);
            }
        }
    }

    fn feature(&mut self, feature: &FeatureExplained) {
        let name = self.painted(Tone::Strong, &feature.feature);
        let place = self.painted(Tone::Faint, &place(&feature.place));
        self.line(&format!("\n{name}{place}"));
        for (rule, number) in feature.rules.iter().zip(1..) {
            self.rule(rule, number);
        }
        self.decision(&feature.decision);
    }

    fn rule(&mut self, rule: &RuleExplained, number: usize) {
        let name = self.painted(Tone::Strong, &rule.rule);
        let outcome = self.painted(tone(&rule.outcome), &outcome(&rule.outcome));
        let place = self.painted(Tone::Faint, &place(&rule.place));
        self.line(&format!("\n  {number}. {name}: {outcome}{place}"));
        let is_asked = !matches!(
            rule.outcome,
            RuleOutcome::NotReached | RuleOutcome::FeatureDisabled
        );
        let lines = if is_asked { lines(rule) } else { Vec::new() };
        let width = |line: &Line| 2 * line.depth + line.text.chars().count();
        let widths = lines.iter().map(width).filter(|width| *width <= TEXT_COLUMNS);
        let column = widths.max().unwrap_or_default();
        for line in &lines {
            self.rule_line(line, column);
        }
    }

    fn rule_line(&mut self, line: &Line, column: usize) {
        let indented = format!("{}{}", "  ".repeat(line.depth), line.text);
        let result = self.painted(line.tone, &format!("{:RESULT_COLUMNS$}", line.result));
        let facts = line.facts.join(", ");
        let mut text = format!("     {indented:column$}  {result}");
        if facts.chars().count() <= FACTS_COLUMNS {
            let _ = write!(text, "  {facts}");
        }
        self.line(&text);
        if facts.chars().count() > FACTS_COLUMNS {
            for fact in &line.facts {
                self.line(&format!("       {}{fact}", "  ".repeat(line.depth)));
            }
        }
    }

    fn decision(&mut self, decision: &DecisionExplained) {
        let variation = self.painted(Tone::Strong, &decision.variation);
        let by = match &decision.rule {
            Some(rule) => format!("by the rule \"{rule}\""),
            None => "the default".to_owned(),
        };
        let reason = decision.reason;
        self.line(&format!("\n  serves {variation}, {by} ({reason})"));
        for (key, value) in &decision.values {
            self.line(&format!("     {key} = {value}"));
        }
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn painted(&self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Plain => return text.to_owned(),
            Tone::Strong => "1",
            Tone::Faint => "2",
            Tone::No => "31",
            Tone::Yes => "32",
            Tone::Unknown => "33",
        };
        if self.colour {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// What a rule author should know of an attribute.
fn note(attribute: &GivenAttribute) -> Option<String> {
    let name = &attribute.name;
    let value = &attribute.value;
    match &attribute.standing {
        Standing::Taken {
            attribute, remark, ..
        } => match remark {
            Some(remark) => Some(format!("{attribute}: {remark}")),
            None if attribute != name => Some(format!("{name} is {attribute}")),
            None => None,
        },
        Standing::IllTyped {
            attribute,
            declared,
            why,
        } => {
            let why = why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
            Some(format!(
                "{attribute} is {value}, which is no {declared}{why}, and so counts as missing"
            ))
        }
        Standing::Null => Some(format!("{name} is null, which counts as missing")),
        Standing::Undeclared { nearest } => {
            let meant = nearest
                .as_ref()
                .map(|nearest| format!("; did you mean {nearest}?"))
                .unwrap_or_default();
            Some(format!(
                "{name} is not declared in context.yaml, and no rule reads it{meant}"
            ))
        }
        Standing::Overruled { by } => Some(format!("{name} is left alone: {by} is given, too")),
    }
}

fn place(place: &Place) -> String {
    if place.file.is_empty() {
        String::new()
    } else {
        format!("  ({place})")
    }
}

fn tone(outcome: &RuleOutcome) -> Tone {
    match outcome {
        RuleOutcome::Matched { .. } => Tone::Yes,
        RuleOutcome::ConditionFalse | RuleOutcome::OutsideWindow | RuleOutcome::OutsideRollout => Tone::No,
        RuleOutcome::ConditionUnknown { .. } | RuleOutcome::NoBucket { .. } => Tone::Unknown,
        RuleOutcome::NotReached | RuleOutcome::FeatureDisabled => Tone::Faint,
    }
}

fn outcome(outcome: &RuleOutcome) -> String {
    match outcome {
        RuleOutcome::Matched { variation } => format!("matches, and serves {variation}"),
        RuleOutcome::ConditionFalse => "does not match".to_owned(),
        RuleOutcome::ConditionUnknown { because } => {
            let causes: Vec<String> = because.iter().map(ToString::to_string).collect();
            format!("unknown, and so does not match: {}", causes.join("; "))
        }
        RuleOutcome::OutsideWindow => "not in force at this moment".to_owned(),
        RuleOutcome::OutsideRollout => "matches, but its rollout leaves this context out".to_owned(),
        RuleOutcome::NoBucket { because } => format!("matches, but there is nothing to bucket by: {because}"),
        RuleOutcome::NotReached => "not reached, since an earlier rule serves".to_owned(),
        RuleOutcome::FeatureDisabled => "not asked, since the feature is disabled".to_owned(),
    }
}

/// The lines below a rule's name.
fn lines(rule: &RuleExplained) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some(window) = &rule.window {
        lines.push(window_line(window));
    }
    if let Some(condition) = &rule.condition {
        condition_lines(condition, 0, &mut lines);
    }
    if let Some(rollout) = &rule.rollout {
        let (result, tone) = if rollout.within {
            ("within", Tone::Yes)
        } else if rollout.bucket.is_some() || rollout.share <= 0.0 {
            ("outside", Tone::No)
        } else {
            ("unknown", Tone::Unknown)
        };
        lines.push(Line {
            depth: 0,
            text: format!("rollout to {}", percent(rollout.percent)),
            result: result.to_owned(),
            tone,
            facts: rollout.bucket.iter().flat_map(bucket).collect(),
        });
    }
    if let Some(split) = &rule.split {
        let facts = bucket(&split.bucket);
        lines.push(Line {
            depth: 0,
            text: "split".to_owned(),
            result: percent(split.bucket.percent),
            tone: Tone::Plain,
            facts,
        });
        for portion in &split.portions {
            let (result, tone) = if portion.chosen {
                ("here", Tone::Yes)
            } else {
                ("", Tone::Plain)
            };
            let (from, to) = (percent(portion.from * 100.0), percent(portion.to * 100.0));
            lines.push(Line {
                depth: 1,
                text: format!("{} from {from} to {to}", portion.variation),
                result: result.to_owned(),
                tone,
                facts: Vec::new(),
            });
        }
    }
    lines
}

fn window_line(window: &WindowSeen) -> Line {
    let from = window.from.as_ref().map(|from| format!("from {from}"));
    let to = window.to.as_ref().map(|to| format!("to {to}"));
    let (result, tone) = if window.open {
        ("open", Tone::Yes)
    } else {
        ("closed", Tone::No)
    };
    Line {
        depth: 0,
        text: from.into_iter().chain(to).collect::<Vec<_>>().join(" "),
        result: result.to_owned(),
        tone,
        facts: Vec::new(),
    }
}

fn bucket(bucket: &Bucket) -> Vec<String> {
    vec![
        format!("bucket {} ({})", bucket.number, percent(bucket.percent)),
        format!("{} = {}", bucket.by, bucket.value),
        format!("salt {:?}", bucket.salt),
    ]
}

/// To four places, without zeros that say nothing.
fn percent(percent: f64) -> String {
    let written = format!("{percent:.4}");
    format!("{}%", written.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn percents_have_no_zeros_that_say_nothing() {
        for (value, expected) in [
            (25.0, "25%"),
            (0.0, "0%"),
            (100.0, "100%"),
            (0.1 * 100.0 + 2e-15, "10%"),
            (51.938_536_565_736_53, "51.9385%"),
        ] {
            assert_eq!(percent(value), expected);
        }
    }
}
