//! A condition evaluated as CEL has it, and every step kept.
//!
//! Operands are evaluated from the left, all of them; only `&&`, `||`, `?:` and the macros leave out what nothing depends on.

use std::collections::HashMap;

use super::cause::{self, Cause};
use super::functions::{self, Failure};
use super::given::Given;
use super::seen::{Finding, Form, Seen, SegmentSeen, is_constant};
use super::value::{Broken, Shown, Value, holds};
use crate::condition::{AttributeId, Comparison, Environment, Expression, Kind, Macro, Searcher, SegmentId};
use crate::source::{Sources, Span};

/// Longer texts of expressions are cut.
const TEXT_CHARACTERS: usize = 160;
/// Of a macro's elements so many are told, and the one that decided.
const TOLD_ELEMENTS: usize = 20;

/// So many expressions are evaluated for one condition: macros in macros over long lists would take for ever.
const STEPS: usize = 1_000_000;

/// A value, or why there is none.
pub(super) type Answer = Result<Value, Vec<Cause>>;

/// What a condition is evaluated in.
pub(super) struct Walk<'r> {
    environment: &'r Environment,
    sources: &'r Sources,
    given: &'r Given,
    now_ms: i64,
    /// What macros have bound, outermost first.
    bound: Vec<Value>,
    steps_left: usize,
    /// Patterns that were asked for, `None` where one is too large.
    searchers: HashMap<&'r str, Option<Searcher>>,
}

/// What is known of an expression beside its value, while it is evaluated.
#[derive(Default)]
struct Notes {
    parts: Vec<Seen>,
    segment: Option<SegmentSeen>,
    omitted: usize,
}

impl<'r> Walk<'r> {
    pub(super) fn new(
        environment: &'r Environment,
        sources: &'r Sources,
        given: &'r Given,
        now_ms: i64,
    ) -> Self {
        Self {
            environment,
            sources,
            given,
            now_ms,
            bound: Vec::new(),
            steps_left: STEPS,
            searchers: HashMap::new(),
        }
    }

    /// Evaluates a condition: true, false, or why it is unknown.
    pub(super) fn truth(&mut self, condition: &'r Expression) -> (Result<bool, Vec<Cause>>, Seen) {
        let (answer, seen) = self.see(condition);
        let truth = answer.and_then(|value| self.bool(condition, &value));
        (truth, seen)
    }

    /// The text of a place on one line.
    pub(super) fn text(&self, span: Span) -> String {
        excerpt(self.sources.slice(span))
    }

    fn see(&mut self, expression: &'r Expression) -> (Answer, Seen) {
        let mut notes = Notes::default();
        self.steps_left = self.steps_left.saturating_sub(1);
        let answer = if self.steps_left == 0 {
            Err(self.too_long(expression))
        } else {
            self.answer(expression, &mut notes)
        };
        let finding = match &answer {
            Ok(value) => Finding::Value { value: value.shown() },
            Err(because) => Finding::Unknown {
                because: because.clone(),
            },
        };
        let seen = Seen {
            parts: notes.parts,
            segment: notes.segment,
            omitted: notes.omitted,
            ..self.unseen(expression, finding)
        };
        (answer, seen)
    }

    fn unseen(&self, expression: &Expression, finding: Finding) -> Seen {
        Seen {
            text: self.text(expression.span),
            form: Form::of(&expression.kind),
            ty: expression.ty.clone(),
            finding,
            element: None,
            segment: None,
            parts: Vec::new(),
            omitted: 0,
        }
    }

    /// Evaluates a part, and notes it where it is no constant.
    fn part(&mut self, expression: &'r Expression, notes: &mut Notes) -> Answer {
        let (answer, seen) = self.see(expression);
        if !is_constant(expression) {
            notes.parts.push(seen);
        }
        answer
    }

    /// Evaluates two parts, whatever is unknown of them.
    fn both(
        &mut self,
        left: &'r Expression,
        right: &'r Expression,
        notes: &mut Notes,
    ) -> Result<(Value, Value), Vec<Cause>> {
        match (self.part(left, notes), self.part(right, notes)) {
            (Ok(left), Ok(right)) => Ok((left, right)),
            (Err(mut because), Err(more)) => {
                cause::add(&mut because, more);
                Err(because)
            }
            (Err(because), Ok(_)) | (Ok(_), Err(because)) => Err(because),
        }
    }

    fn skip(&self, expression: &Expression, notes: &mut Notes) {
        if !is_constant(expression) {
            notes.parts.push(self.unseen(expression, Finding::NotEvaluated));
        }
    }

    fn answer(&mut self, expression: &'r Expression, notes: &mut Notes) -> Answer {
        match &expression.kind {
            Kind::Literal(literal) => Ok(Value::of_literal(literal)),
            Kind::Attribute(id) => self.attribute(*id, expression),
            Kind::Local(id) => match self.bound.get(id.0 as usize) {
                Some(value) => self.element(value.clone(), expression),
                None => Err(self.ill_formed(expression)),
            },
            Kind::Now => Ok(Value::Timestamp(i128::from(self.now_ms) * 1_000_000)),
            Kind::Has(id) => Ok(Value::Bool(self.given.value(*id).is_some())),
            Kind::Not(operand) => {
                let value = self.part(operand, notes)?;
                Ok(Value::Bool(!self.bool(operand, &value)?))
            }
            Kind::And(operands) => self.joined(operands, false, notes),
            Kind::Or(operands) => self.joined(operands, true, notes),
            Kind::Conditional {
                condition,
                then,
                otherwise,
            } => {
                let value = self.part(condition, notes);
                match value.and_then(|value| self.bool(condition, &value)) {
                    Ok(true) => {
                        let value = self.part(then, notes);
                        self.skip(otherwise, notes);
                        value
                    }
                    Ok(false) => {
                        self.skip(then, notes);
                        self.part(otherwise, notes)
                    }
                    Err(because) => {
                        self.skip(then, notes);
                        self.skip(otherwise, notes);
                        Err(because)
                    }
                }
            }
            Kind::Compare {
                operator,
                left,
                right,
            } => {
                let values = self.both(left, right, notes)?;
                if let (Value::List(left), Value::List(right)) = &values {
                    let equal = self.equal_lists(left, right, expression)?;
                    return Ok(Value::Bool(equal == (*operator == Comparison::Equal)));
                }
                Ok(Value::Bool(holds(*operator, &values.0, &values.1)))
            }
            Kind::In { needle, list } => {
                let (needle, elements) = self.both(needle, list, notes)?;
                self.contains(&needle, &elements, expression)
            }
            Kind::InSegment { needle, segment } => {
                let needle = self.part(needle, notes)?;
                self.in_segment(&needle, *segment, expression, notes)
            }
            Kind::Arithmetic {
                operator,
                left,
                right,
            } => {
                let (left, right) = self.both(left, right, notes)?;
                functions::arithmetic(*operator, &left, &right)
                    .map_err(|failure| self.failed(failure, expression))
            }
            Kind::Negate(operand) => {
                let value = self.part(operand, notes)?;
                functions::negate(&value).map_err(|failure| self.failed(failure, expression))
            }
            Kind::List(elements) => self.list(elements, notes),
            Kind::Index { list, index } => {
                let (list, index) = self.both(list, index, notes)?;
                self.index(&list, &index, expression)
            }
            Kind::Comprehension {
                macro_,
                list,
                predicate,
                ..
            } => {
                let Value::List(elements) = self.part(list, notes)? else {
                    return Err(self.ill_formed(list));
                };
                self.comprehension(*macro_, &elements, predicate, notes)
            }
            Kind::Call { function, arguments } => {
                let values = match arguments.as_slice() {
                    [argument] => vec![self.part(argument, notes)?],
                    [receiver, argument] => {
                        <[Value; 2]>::from(self.both(receiver, argument, notes)?).to_vec()
                    }
                    _ => return Err(self.ill_formed(expression)),
                };
                functions::call(*function, &values).map_err(|failure| self.failed(failure, expression))
            }
            Kind::Matches { text, pattern } => {
                let text = self.part(text, notes)?;
                self.matches(&text, pattern, expression)
            }
        }
    }

    fn attribute(&self, id: AttributeId, expression: &Expression) -> Answer {
        match self.given.value(id) {
            Some(value) => Ok(value.clone()),
            None => match self.environment.attribute(id) {
                Some(attribute) => Err(vec![self.given.why_missing(id, attribute)]),
                None => Err(self.ill_formed(expression)),
            },
        }
    }

    /// A value that stood in a list.
    fn element(&self, value: Value, expression: &Expression) -> Answer {
        match value {
            Value::Broken(broken) => Err(vec![self.broken(&broken, expression)]),
            known => Ok(known),
        }
    }

    /// `&&` and `||`: one operand decides at once; else it is unknown if one of them is.
    fn joined(&mut self, operands: &'r [Expression], deciding: bool, notes: &mut Notes) -> Answer {
        let mut causes = Vec::new();
        let mut is_unknown = false;
        let mut operands = operands.iter();
        for operand in operands.by_ref() {
            let answer = self.part(operand, notes);
            match answer.and_then(|value| self.bool(operand, &value)) {
                Ok(value) if value == deciding => {
                    for operand in operands {
                        self.skip(operand, notes);
                    }
                    return Ok(Value::Bool(deciding));
                }
                Ok(_) => {}
                Err(because) => {
                    is_unknown = true;
                    cause::add(&mut causes, because);
                }
            }
        }
        if is_unknown {
            Err(causes)
        } else {
            Ok(Value::Bool(!deciding))
        }
    }

    fn equal_lists(
        &self,
        left: &[Value],
        right: &[Value],
        expression: &Expression,
    ) -> Result<bool, Vec<Cause>> {
        if left.len() != right.len() {
            return Ok(false);
        }
        for (left, right) in left.iter().zip(right) {
            for value in [left, right] {
                if let Value::Broken(broken) = value {
                    return Err(vec![self.broken(broken, expression)]);
                }
            }
            if holds(Comparison::NotEqual, left, right) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn contains(&self, needle: &Value, list: &Value, expression: &Expression) -> Answer {
        let Value::List(elements) = list else {
            return Err(self.ill_formed(expression));
        };
        for value in elements.iter() {
            if let Value::Broken(broken) = value {
                return Err(vec![self.broken(broken, expression)]);
            }
            if holds(Comparison::Equal, needle, value) {
                return Ok(Value::Bool(true));
            }
        }
        Ok(Value::Bool(false))
    }

    fn in_segment(
        &self,
        needle: &Value,
        id: SegmentId,
        expression: &Expression,
        notes: &mut Notes,
    ) -> Answer {
        let (Value::String(text), Some(segment)) = (needle, self.environment.segment(id)) else {
            return Err(self.ill_formed(expression));
        };
        notes.segment = Some(SegmentSeen {
            name: segment.name.clone(),
            size: segment.values.len(),
        });
        let found = segment.values.binary_search_by(|value| value.as_str().cmp(text));
        Ok(Value::Bool(found.is_ok()))
    }

    fn list(&mut self, elements: &'r [Expression], notes: &mut Notes) -> Answer {
        let mut values = Vec::with_capacity(elements.len());
        let mut causes = Vec::new();
        for element in elements {
            match self.part(element, notes) {
                Ok(value) => values.push(value),
                Err(because) => cause::add(&mut causes, because),
            }
        }
        if values.len() == elements.len() {
            Ok(Value::List(values.into()))
        } else {
            Err(causes)
        }
    }

    fn index(&self, list: &Value, index: &Value, expression: &Expression) -> Answer {
        let (Value::List(elements), Value::Int(index)) = (list, index) else {
            return Err(self.ill_formed(expression));
        };
        let found = usize::try_from(*index).ok().and_then(|index| elements.get(index));
        match found {
            Some(value) => self.element(value.clone(), expression),
            None => Err(vec![Cause::OutOfRange {
                expression: self.text(expression.span),
                index: *index,
                size: elements.len(),
            }]),
        }
    }

    /// `exists` is an `||` over the elements, `all` an `&&`; `exists_one` asks each and is unknown where one is.
    fn comprehension(
        &mut self,
        macro_: Macro,
        elements: &[Value],
        predicate: &'r Expression,
        notes: &mut Notes,
    ) -> Answer {
        let deciding = match macro_ {
            Macro::Exists => Some(true),
            Macro::All => Some(false),
            Macro::ExistsOne => None,
        };
        let mut causes = Vec::new();
        let (mut is_unknown, mut holding) = (false, 0);
        for (position, element) in elements.iter().enumerate() {
            self.bound.push(element.clone());
            let (truth, seen) = self.truth(predicate);
            self.bound.pop();
            let ends = match &truth {
                Ok(value) => Some(*value) == deciding,
                Err(_) => deciding.is_none() || self.steps_left == 0,
            };
            if position < TOLD_ELEMENTS || ends {
                notes.parts.push(Seen {
                    element: Some(element.shown()),
                    ..seen
                });
            } else {
                notes.omitted += 1;
            }
            match truth {
                Ok(value) if ends => return Ok(Value::Bool(value)),
                Err(because) if ends => return Err(because),
                Ok(value) => holding += usize::from(value),
                Err(because) => {
                    is_unknown = true;
                    cause::add(&mut causes, because);
                }
            }
        }
        match deciding {
            _ if is_unknown => Err(causes),
            Some(deciding) => Ok(Value::Bool(!deciding)),
            None => Ok(Value::Bool(holding == 1)),
        }
    }

    fn matches(&mut self, text: &Value, pattern: &'r str, expression: &Expression) -> Answer {
        let searcher = self
            .searchers
            .entry(pattern)
            .or_insert_with(|| Searcher::new(pattern));
        match (text, searcher) {
            (Value::String(text), Some(searcher)) => Ok(Value::Bool(searcher.finds(text))),
            _ => Err(self.ill_formed(expression)),
        }
    }

    fn bool(&self, expression: &Expression, value: &Value) -> Result<bool, Vec<Cause>> {
        match value {
            Value::Bool(value) => Ok(*value),
            _ => Err(self.ill_formed(expression)),
        }
    }

    fn broken(&self, broken: &Broken, expression: &Expression) -> Cause {
        Cause::BrokenElement {
            expression: self.text(expression.span),
            declared: broken.declared.to_owned(),
            given: Shown::text(&broken.text),
        }
    }

    fn failed(&self, failure: Failure, expression: &Expression) -> Vec<Cause> {
        vec![failure.at(self.text(expression.span))]
    }

    fn too_long(&self, expression: &Expression) -> Vec<Cause> {
        vec![Cause::TooLong {
            expression: self.text(expression.span),
        }]
    }

    fn ill_formed(&self, expression: &Expression) -> Vec<Cause> {
        vec![Cause::IllFormed {
            expression: self.text(expression.span),
        }]
    }
}

/// A text on one line, cut where it is long.
fn excerpt(text: &str) -> String {
    let mut line = String::new();
    let mut left = TEXT_CHARACTERS;
    for (position, part) in text.lines().map(str::trim).enumerate() {
        let space = if position == 0 { "" } else { " " };
        for character in space.chars().chain(part.chars()) {
            if left == 0 {
                line.push('…');
                return line;
            }
            left -= 1;
            line.push(character);
        }
    }
    line
}
