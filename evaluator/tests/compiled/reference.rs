//! What a condition means, said as plainly as can be: slow, direct, and sharing nothing with the compiler.
//!
//! `None` is unknown. Every operand is evaluated; only `&&`, `||` and `?:` look at less than all of what they have.

use std::cmp::Ordering;
use std::collections::HashMap;

use crossfade_evaluator::condition::{
    Arithmetic, AttributeId, Comparison, DurationField, Environment, Expression, Function, Kind, Literal,
    Macro, TimestampField,
};
use regex_automata::nfa::thompson::pikevm::PikeVM;
use regex_automata::util::syntax;

/// A value, as CEL has it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum V {
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Str(String),
    /// Nanoseconds since the Unix epoch.
    Time(i128),
    Duration(i64),
    Semver(String),
    List(Vec<V>),
}

/// What a condition is evaluated in.
pub(crate) struct Scope<'s> {
    pub environment: &'s Environment,
    pub attributes: &'s HashMap<AttributeId, V>,
    pub now_ms: i64,
}

const NANOS: i128 = 1_000_000_000;
const FIRST_TIME: i128 = -62_135_596_800 * NANOS;
const LAST_TIME: i128 = 253_402_300_800 * NANOS - 1;

impl Scope<'_> {
    /// A bool's three values: true, false, unknown.
    pub(crate) fn truth(&self, expression: &Expression, bound: &mut Vec<V>) -> Option<bool> {
        match self.value(expression, bound)? {
            V::Bool(value) => Some(value),
            other => panic!("{other:?} is no bool"),
        }
    }

    pub(crate) fn value(&self, expression: &Expression, bound: &mut Vec<V>) -> Option<V> {
        match &expression.kind {
            Kind::Literal(literal) => Some(of_literal(literal)),
            Kind::Attribute(id) => self.attributes.get(id).cloned(),
            Kind::Local(id) => Some(bound[id.0 as usize].clone()),
            Kind::Now => Some(V::Time(i128::from(self.now_ms) * 1_000_000)),
            Kind::Has(id) => Some(V::Bool(self.attributes.contains_key(id))),
            Kind::Not(inner) => Some(V::Bool(!self.truth(inner, bound)?)),
            Kind::And(parts) => self.kleene(parts, false, bound),
            Kind::Or(parts) => self.kleene(parts, true, bound),
            Kind::Conditional {
                condition,
                then,
                otherwise,
            } => {
                if self.truth(condition, bound)? {
                    self.value(then, bound)
                } else {
                    self.value(otherwise, bound)
                }
            }
            Kind::Compare {
                operator,
                left,
                right,
            } => {
                let (left, right) = (self.value(left, bound)?, self.value(right, bound)?);
                Some(V::Bool(holds(*operator, &left, &right)))
            }
            Kind::In { needle, list } => {
                let (needle, list) = (self.value(needle, bound)?, self.list(list, bound)?);
                Some(V::Bool(list.iter().any(|element| equal(&needle, element))))
            }
            Kind::InSegment { needle, segment } => {
                let needle = self.text(needle, bound)?;
                let segment = self.environment.segment(*segment).expect("a declared segment");
                Some(V::Bool(segment.values.contains(&needle)))
            }
            Kind::Arithmetic {
                operator,
                left,
                right,
            } => {
                let (left, right) = (self.value(left, bound)?, self.value(right, bound)?);
                arithmetic(*operator, left, right)
            }
            Kind::Negate(operand) => match self.value(operand, bound)? {
                V::Int(value) => value.checked_neg().map(V::Int),
                V::Double(value) => Some(V::Double(-value)),
                other => panic!("-{other:?}"),
            },
            Kind::List(elements) => elements
                .iter()
                .map(|element| self.value(element, bound))
                .collect::<Option<_>>()
                .map(V::List),
            Kind::Index { list, index } => {
                let list = self.list(list, bound)?;
                match self.value(index, bound)? {
                    V::Int(index) => usize::try_from(index)
                        .ok()
                        .and_then(|index| list.get(index).cloned()),
                    other => panic!("an index of {other:?}"),
                }
            }
            Kind::Comprehension {
                macro_,
                variable,
                list,
                predicate,
            } => {
                let list = self.list(list, bound)?;
                assert_eq!(bound.len(), variable.0 as usize);
                let mut answers = Vec::new();
                for element in list {
                    bound.push(element);
                    answers.push(self.truth(predicate, bound));
                    bound.pop();
                }
                let decided = |value| {
                    if answers.contains(&Some(value)) {
                        Some(V::Bool(value))
                    } else if answers.contains(&None) {
                        None
                    } else {
                        Some(V::Bool(!value))
                    }
                };
                match macro_ {
                    Macro::Exists => decided(true),
                    Macro::All => decided(false),
                    Macro::ExistsOne if answers.contains(&None) => None,
                    Macro::ExistsOne => Some(V::Bool(
                        answers.iter().filter(|&&answer| answer == Some(true)).count() == 1,
                    )),
                }
            }
            Kind::Call { function, arguments } => {
                let arguments = arguments.iter().map(|argument| self.value(argument, bound));
                call(*function, &arguments.collect::<Option<Vec<_>>>()?)
            }
            Kind::Matches { text, pattern } => {
                let text = self.text(text, bound)?;
                let engine = PikeVM::builder()
                    .syntax(syntax::Config::new().utf8(false))
                    .build(pattern)
                    .expect("a pattern of the generator's");
                Some(V::Bool(engine.is_match(&mut engine.create_cache(), &*text)))
            }
        }
    }

    fn kleene(&self, parts: &[Expression], deciding: bool, bound: &mut Vec<V>) -> Option<V> {
        let truths: Vec<Option<bool>> = parts.iter().map(|part| self.truth(part, bound)).collect();
        if truths.contains(&Some(deciding)) {
            Some(V::Bool(deciding))
        } else if truths.contains(&None) {
            None
        } else {
            Some(V::Bool(!deciding))
        }
    }

    fn list(&self, expression: &Expression, bound: &mut Vec<V>) -> Option<Vec<V>> {
        match self.value(expression, bound)? {
            V::List(elements) => Some(elements),
            other => panic!("{other:?} is no list"),
        }
    }

    fn text(&self, expression: &Expression, bound: &mut Vec<V>) -> Option<String> {
        match self.value(expression, bound)? {
            V::Str(text) => Some(text),
            other => panic!("{other:?} is no string"),
        }
    }
}

pub(crate) fn of_literal(literal: &Literal) -> V {
    match literal {
        Literal::Bool(value) => V::Bool(*value),
        Literal::Int(value) => V::Int(*value),
        Literal::Uint(value) => V::Uint(*value),
        Literal::Double(value) => V::Double(*value),
        Literal::String(text) => V::Str(text.clone()),
        Literal::Timestamp { seconds, nanos } => V::Time(i128::from(*seconds) * NANOS + i128::from(*nanos)),
        Literal::Duration(value) => V::Duration(*value),
        Literal::Semver(text) => V::Semver(text.clone()),
    }
}

fn holds(operator: Comparison, left: &V, right: &V) -> bool {
    match operator {
        Comparison::Equal => equal(left, right),
        Comparison::NotEqual => !equal(left, right),
        Comparison::Less => order(left, right).is_some_and(Ordering::is_lt),
        Comparison::LessOrEqual => order(left, right).is_some_and(Ordering::is_le),
        Comparison::Greater => order(left, right).is_some_and(Ordering::is_gt),
        Comparison::GreaterOrEqual => order(left, right).is_some_and(Ordering::is_ge),
    }
}

fn equal(left: &V, right: &V) -> bool {
    match (left, right) {
        (V::List(left), V::List(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(left, right))
        }
        _ => order(left, right) == Some(Ordering::Equal),
    }
}

fn order(left: &V, right: &V) -> Option<Ordering> {
    Some(match (left, right) {
        (V::Bool(left), V::Bool(right)) => left.cmp(right),
        (V::Str(left), V::Str(right)) => left.chars().cmp(right.chars()),
        (V::Time(left), V::Time(right)) => left.cmp(right),
        (V::Duration(left), V::Duration(right)) => left.cmp(right),
        (V::Semver(left), V::Semver(right)) => {
            let parse = |text: &String| semver::Version::parse(text).expect("a version of the generator's");
            parse(left).cmp_precedence(&parse(right))
        }
        (V::Double(left), V::Double(right)) => return left.partial_cmp(right),
        // Beside a double, an int is the double nearest to it.
        (V::Double(left), right) => return left.partial_cmp(&(whole(right) as f64)),
        (left, V::Double(right)) => return (whole(left) as f64).partial_cmp(right),
        (left, right) => whole(left).cmp(&whole(right)),
    })
}

fn whole(value: &V) -> i128 {
    match value {
        V::Int(value) => i128::from(*value),
        V::Uint(value) => i128::from(*value),
        other => panic!("{other:?} is no whole number"),
    }
}

fn arithmetic(operator: Arithmetic, left: V, right: V) -> Option<V> {
    match (left, right) {
        (V::Int(a), V::Int(b)) => match operator {
            Arithmetic::Add => a.checked_add(b),
            Arithmetic::Subtract => a.checked_sub(b),
            Arithmetic::Multiply => a.checked_mul(b),
            Arithmetic::Divide => a.checked_div(b),
            Arithmetic::Remainder => a.checked_rem(b),
        }
        .map(V::Int),
        (V::Uint(a), V::Uint(b)) => match operator {
            Arithmetic::Add => a.checked_add(b),
            Arithmetic::Subtract => a.checked_sub(b),
            Arithmetic::Multiply => a.checked_mul(b),
            Arithmetic::Divide => a.checked_div(b),
            Arithmetic::Remainder => a.checked_rem(b),
        }
        .map(V::Uint),
        (V::Double(a), V::Double(b)) => Some(V::Double(match operator {
            Arithmetic::Add => a + b,
            Arithmetic::Subtract => a - b,
            Arithmetic::Multiply => a * b,
            Arithmetic::Divide => a / b,
            Arithmetic::Remainder => panic!("CEL has no remainder of doubles"),
        })),
        (V::Str(a), V::Str(b)) => Some(V::Str(a + &b)),
        (V::List(a), V::List(b)) => Some(V::List([a, b].concat())),
        (V::Duration(a), V::Duration(b)) => match operator {
            Arithmetic::Add => a.checked_add(b),
            _ => a.checked_sub(b),
        }
        .map(V::Duration),
        (V::Time(time), V::Duration(duration)) => match operator {
            Arithmetic::Add => in_range(time + i128::from(duration)),
            _ => in_range(time - i128::from(duration)),
        },
        (V::Duration(duration), V::Time(time)) => in_range(time + i128::from(duration)),
        (V::Time(a), V::Time(b)) => i64::try_from(a - b).ok().map(V::Duration),
        (left, right) => panic!("{left:?} {operator:?} {right:?}"),
    }
}

fn in_range(time: i128) -> Option<V> {
    (FIRST_TIME..=LAST_TIME).contains(&time).then_some(V::Time(time))
}

fn call(function: Function, arguments: &[V]) -> Option<V> {
    const TWO_63: f64 = 9_223_372_036_854_775_808.0;
    const TWO_64: f64 = 18_446_744_073_709_551_616.0;

    Some(match (function, arguments) {
        (Function::StartsWith, [V::Str(text), V::Str(part)]) => V::Bool(text.starts_with(&**part)),
        (Function::EndsWith, [V::Str(text), V::Str(part)]) => V::Bool(text.ends_with(&**part)),
        (Function::Contains, [V::Str(text), V::Str(part)]) => V::Bool(text.contains(&**part)),
        (Function::SizeOfString, [V::Str(text)]) => V::Int(text.chars().count() as i64),
        (Function::SizeOfList, [V::List(list)]) => V::Int(list.len() as i64),
        (Function::ToInt, [V::Int(value)]) => V::Int(*value),
        (Function::ToInt, [V::Uint(value)]) => V::Int(i64::try_from(*value).ok()?),
        (Function::ToInt, [V::Double(value)]) => {
            (*value > -TWO_63 && *value < TWO_63).then_some(V::Int(*value as i64))?
        }
        (Function::ToInt, [V::Time(time)]) => V::Int(time.div_euclid(NANOS) as i64),
        (Function::ToUint, [V::Uint(value)]) => V::Uint(*value),
        (Function::ToUint, [V::Int(value)]) => V::Uint(u64::try_from(*value).ok()?),
        (Function::ToUint, [V::Double(value)]) => {
            (*value >= 0.0 && *value < TWO_64).then_some(V::Uint(*value as u64))?
        }
        (Function::ToDouble, [V::Double(value)]) => V::Double(*value),
        (Function::ToDouble, [V::Int(value)]) => V::Double(*value as f64),
        (Function::ToDouble, [V::Uint(value)]) => V::Double(*value as f64),
        (Function::TimestampField(field), [V::Time(time)]) => V::Int(timestamp_field(field, *time)),
        (Function::DurationField(field), [V::Duration(nanos)]) => V::Int(match field {
            DurationField::Hours => nanos / 3_600_000_000_000,
            DurationField::Minutes => nanos / 60_000_000_000,
            DurationField::Seconds => nanos / 1_000_000_000,
            // The part, not the whole: doc/langdef.md has `duration("1.234s").getMilliseconds()` as 234.
            DurationField::Milliseconds => nanos / 1_000_000 % 1000,
        }),
        (function, arguments) => panic!("{function:?} of {arguments:?}"),
    })
}

fn timestamp_field(field: TimestampField, time: i128) -> i64 {
    let Civil {
        year,
        month,
        day,
        day_of_year,
        second_of_day,
        days,
    } = Civil::of(time);
    match field {
        TimestampField::FullYear => year,
        TimestampField::Month => month - 1,
        TimestampField::Date => day,
        TimestampField::DayOfMonth => day - 1,
        TimestampField::DayOfWeek => (days + 4).rem_euclid(7),
        TimestampField::DayOfYear => day_of_year,
        TimestampField::Hours => second_of_day / 3600,
        TimestampField::Minutes => second_of_day / 60 % 60,
        TimestampField::Seconds => second_of_day % 60,
        TimestampField::Milliseconds => (time.rem_euclid(NANOS) / 1_000_000) as i64,
    }
}

/// A moment in UTC, found by counting years and months one by one.
struct Civil {
    year: i64,
    month: i64,
    day: i64,
    day_of_year: i64,
    second_of_day: i64,
    days: i64,
}

impl Civil {
    fn of(time: i128) -> Self {
        let seconds = time.div_euclid(NANOS) as i64;
        let days = seconds.div_euclid(86_400);
        let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let (mut year, mut rest) = (1, days + 719_162);
        while rest >= 365 + i64::from(is_leap(year)) {
            rest -= 365 + i64::from(is_leap(year));
            year += 1;
        }
        let day_of_year = rest;
        let mut month = 1;
        for length in [
            31,
            28 + i64::from(is_leap(year)),
            31,
            30,
            31,
            30,
            31,
            31,
            30,
            31,
            30,
            31,
        ] {
            if rest < length {
                break;
            }
            rest -= length;
            month += 1;
        }
        Self {
            year,
            month,
            day: rest + 1,
            day_of_year,
            second_of_day: seconds.rem_euclid(86_400),
            days,
        }
    }
}

/// A moment as RFC 3339 writes it, some minutes ahead of UTC.
pub(crate) fn rfc3339(time: i128, ahead_minutes: i64) -> String {
    let local = Civil::of(time + i128::from(ahead_minutes) * 60 * NANOS);
    let nanos = time.rem_euclid(NANOS);
    let fraction = if nanos == 0 {
        String::new()
    } else {
        format!(".{nanos:09}")
    };
    let offset = if ahead_minutes == 0 {
        "Z".to_owned()
    } else {
        let sign = if ahead_minutes < 0 { '-' } else { '+' };
        format!(
            "{sign}{:02}:{:02}",
            ahead_minutes.abs() / 60,
            ahead_minutes.abs() % 60
        )
    };
    let second = local.second_of_day;
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{fraction}{offset}",
        local.year,
        local.month,
        local.day,
        second / 3600,
        second / 60 % 60,
        second % 60,
    )
}
