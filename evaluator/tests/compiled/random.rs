//! Random typed conditions and contexts, made from a tape of choices: what shrinks the tape shrinks the condition, since
//! a tape that has ended chooses the first of every list, which is the simplest.

use std::collections::HashMap;

use crossfade_evaluator::condition::{
    Arithmetic, Attribute, AttributeId, Comparison, DurationField, Environment, Expression, Function, Kind,
    Literal, LocalId, Macro, Segment, SegmentId, TimestampField, Type,
};
use crossfade_evaluator::program::Value;
use crossfade_evaluator::source::Span;

use crate::build::expression;
use crate::values::{V, of_literal, rfc3339};

/// Choices, one after the other.
pub(crate) struct Tape<'t> {
    choices: &'t [u32],
    at: usize,
}

impl<'t> Tape<'t> {
    pub(crate) fn new(choices: &'t [u32]) -> Self {
        Self { choices, at: 0 }
    }

    pub(crate) fn choose(&mut self, count: usize) -> usize {
        let choice = self.choices.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        choice as usize % count
    }

    pub(crate) fn one_of<'v, T>(&mut self, values: &'v [T]) -> &'v T {
        &values[self.choose(values.len())]
    }
}

static SCALARS: [Type; 8] = [
    Type::Bool,
    Type::Int,
    Type::Uint,
    Type::Double,
    Type::String,
    Type::Timestamp,
    Type::Duration,
    Type::Semver,
];

/// What conditions are made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Language {
    /// All that the compiler takes.
    Compiled,
    /// Of it what the checker lets through and CEL has: no strings and lists that are put together, no versions, and no `[]`,
    /// whose type depends on what surrounds it.
    OfCel,
}

impl Language {
    fn scalars(self) -> &'static [Type] {
        match self {
            Self::Compiled => &SCALARS,
            Self::OfCel => SCALARS.split_at(7).0,
        }
    }
}

/// Two attributes of every type that attributes can have, lists included, and a short and a long segment.
pub(crate) fn environment() -> Environment {
    let mut attributes = Vec::new();
    for scalar in SCALARS.iter().filter(|ty| **ty != Type::Duration) {
        for ty in [scalar.clone(), Type::List(scalar.clone().into())] {
            for number in 1..=2 {
                attributes.push(Attribute {
                    name: format!("{ty:?}{number}").replace(['(', ')'], "").to_lowercase(),
                    ty: ty.clone(),
                    values: None,
                    pattern: None,
                    description: String::new(),
                    span: Span::default(),
                });
            }
        }
    }
    let segment = |name: &str, mut values: Vec<String>| {
        values.sort();
        Segment {
            name: name.to_owned(),
            values: values.into(),
            span: Span::default(),
        }
    };
    let short = STRINGS[..3].iter().map(|text| (*text).to_owned()).collect();
    let long = STRINGS
        .iter()
        .map(|text| (*text).to_owned())
        .filter(|text| text != "ab")
        .collect();
    Environment::new(attributes, vec![segment("short", short), segment("long", long)])
}

const INTS: [i64; 11] = [
    0,
    1,
    -1,
    2,
    3,
    7,
    i64::MAX,
    i64::MIN,
    i64::MAX - 1,
    1 << 53,
    (1 << 53) + 1,
];
const UINTS: [u64; 8] = [0, 1, 2, 3, u64::MAX, 1 << 63, (1 << 53) + 1, u64::MAX - 1];
const DOUBLES: [f64; 16] = [
    0.0,
    1.0,
    -1.0,
    2.0,
    -0.0,
    0.5,
    2.5,
    -1.5,
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    9_007_199_254_740_992.0,
    9_223_372_036_854_775_808.0,
    -9_223_372_036_854_775_808.0,
    18_446_744_073_709_551_616.0,
    1e300,
];
const STRINGS: [&str; 22] = [
    "a",
    "ab",
    "",
    "abc",
    "b",
    "abcdefg",
    "abcdefgh",
    "abcdefghi",
    "abcdefgi",
    "abcdefghijklmnop",
    "abcdefghijklmnoq",
    "abcdefghijklmnopqrstuvwxyz0123456",
    "abcdefghijklmnopqrstuvwxyz0123457",
    "é",
    "日本語",
    "日本語日本語",
    "😀",
    "a\0",
    "abcdefgh\0",
    "user-00000001",
    "123",
    "A b\nc",
];
const SEMVERS: [&str; 14] = [
    "1.0.0",
    "1.0.1",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0+build.7",
    "10.2.0",
    "9.20.0",
    "2.0.0-0.3.7",
    "2.0.0-x-y.z-7",
    "18446744073709551615.0.0-99999999999999999999",
];
const SECONDS: [(i64, u32); 10] = [
    (0, 0),
    (1_234_567_890, 123_456_789),
    (-1, 999_999_999),
    (951_782_400, 0),
    (951_868_799, 5),
    (-62_135_596_800, 0),
    (253_402_300_799, 999_999_999),
    (-2_203_891_200, 1),
    (1_735_689_599, 0),
    (4_107_542_400, 0),
];
const DURATIONS: [i64; 11] = [
    0,
    1,
    -1,
    1_000_000_000,
    -1_500_000_000,
    3_723_004_000_000,
    86_400_000_000_000,
    i64::MAX,
    i64::MIN,
    -i64::MAX,
    999_999_999,
];
const PATTERNS: [&str; 12] = [
    "b",
    "^a",
    "c$",
    "^$",
    "",
    "a.*h",
    "[^a-c]",
    "(?i)ABC",
    "^.{3}$",
    "日|é",
    r"(?-u:\b)b",
    r"\p{Lu}|[0-9]{3}",
];

/// A literal of a scalar type.
fn literal(ty: &Type, tape: &mut Tape<'_>) -> Literal {
    match ty {
        Type::Bool => Literal::Bool(tape.choose(2) == 1),
        Type::Int => Literal::Int(*tape.one_of(&INTS)),
        Type::Uint => Literal::Uint(*tape.one_of(&UINTS)),
        Type::Double => Literal::Double(*tape.one_of(&DOUBLES)),
        Type::String => Literal::String((*tape.one_of(&STRINGS)).to_owned()),
        Type::Timestamp => {
            let (seconds, nanos) = *tape.one_of(&SECONDS);
            Literal::Timestamp { seconds, nanos }
        }
        Type::Duration => Literal::Duration(*tape.one_of(&DURATIONS)),
        Type::Semver => Literal::Semver((*tape.one_of(&SEMVERS)).to_owned()),
        Type::List(_) => panic!("a list is no literal"),
    }
}

/// A value for each attribute, or none.
pub(crate) fn context(environment: &Environment, tape: &mut Tape<'_>) -> HashMap<AttributeId, V> {
    let mut values = HashMap::new();
    for (attribute, id) in environment.attributes().iter().zip(0..) {
        if tape.choose(4) == 3 {
            continue;
        }
        let value = match &attribute.ty {
            Type::List(element) => {
                let length = tape.choose(4);
                V::List((0..length).map(|_| of_literal(&literal(element, tape))).collect())
            }
            scalar => of_literal(&literal(scalar, tape)),
        };
        values.insert(AttributeId(id), value);
    }
    values
}

/// What an application would send of a value; texts of timestamps are kept in `texts`.
pub(crate) fn sent<'t>(
    value: &'t V,
    texts: &'t HashMap<i128, String>,
    elements: &'t [Value<'t>],
) -> Value<'t> {
    match value {
        V::Bool(value) => Value::Bool(*value),
        V::Int(value) => Value::Int(*value),
        V::Uint(value) => Value::Uint(*value),
        V::Double(value) => Value::Double(*value),
        V::Str(text) | V::Semver(text) => Value::String(text),
        V::Time(time) => Value::String(&texts[time]),
        V::List(_) => Value::List(elements),
        V::Duration(_) => panic!("no attribute is a duration"),
    }
}

/// The texts of all timestamps that contexts can have, at several offsets.
pub(crate) fn timestamp_texts() -> HashMap<i128, String> {
    let text = |(nth, (seconds, nanos)): (usize, &(i64, u32))| {
        let time = i128::from(*seconds) * 1_000_000_000 + i128::from(*nanos);
        // None of the first and last, which no other offset can write.
        let ahead = if seconds.unsigned_abs() > 62_000_000_000 {
            0
        } else {
            [0, 330, -480, 840][nth % 4]
        };
        (time, rfc3339(time, ahead))
    };
    SECONDS.iter().enumerate().map(text).collect()
}

/// A condition.
pub(crate) fn condition(environment: &Environment, language: Language, tape: &mut Tape<'_>) -> Expression {
    Maker {
        environment,
        language,
        bound: Vec::new(),
        budget: 40,
    }
    .make(&Type::Bool, 5, tape)
}

struct Maker<'e> {
    environment: &'e Environment,
    language: Language,
    bound: Vec<Type>,
    budget: usize,
}

impl Maker<'_> {
    fn make(&mut self, ty: &Type, depth: usize, tape: &mut Tape<'_>) -> Expression {
        self.budget = self.budget.saturating_sub(1);
        if depth == 0 || self.budget == 0 {
            return self.leaf(ty, tape);
        }
        let kind = match (tape.choose(8), ty) {
            (0, _) => return self.leaf(ty, tape),
            (1, ty) => Kind::Conditional {
                condition: self.make(&Type::Bool, depth - 1, tape).into(),
                then: self.make(ty, depth - 1, tape).into(),
                otherwise: self.make(ty, depth - 1, tape).into(),
            },
            (2, ty) if !matches!(ty, Type::List(_) | Type::Duration) => Kind::Index {
                list: self.make(&Type::List(ty.clone().into()), depth - 1, tape).into(),
                index: self.make(&Type::Int, depth.min(2) - 1, tape).into(),
            },
            (_, Type::Bool) => self.bool(depth, tape),
            (_, Type::Int) => self.int(depth, tape),
            (_, Type::Uint) if tape.choose(4) == 3 => self.convert(Function::ToUint, depth, tape),
            (_, Type::Double) if tape.choose(4) == 3 => self.convert(Function::ToDouble, depth, tape),
            (_, Type::Double) if tape.choose(8) == 7 => {
                Kind::Negate(self.make(&Type::Double, depth - 1, tape).into())
            }
            (_, Type::Uint) => self.arithmetic(ty, &OPERATORS, ty, depth, tape),
            (_, Type::Double) => self.arithmetic(ty, &OPERATORS[..4], ty, depth, tape),
            (_, Type::String | Type::List(_)) if self.language == Language::OfCel => {
                return self.leaf(ty, tape);
            }
            (_, Type::String | Type::List(_)) => self.arithmetic(ty, &OPERATORS[..1], ty, depth, tape),
            (_, Type::Timestamp) => match tape.choose(3) {
                0 => Kind::Now,
                1 => self.arithmetic(&Type::Duration, &OPERATORS[..1], ty, depth, tape),
                _ => self.arithmetic(ty, &OPERATORS[..2], &Type::Duration, depth, tape),
            },
            (_, Type::Duration) => match tape.choose(2) {
                0 => self.arithmetic(&Type::Timestamp, &OPERATORS[1..2], &Type::Timestamp, depth, tape),
                _ => self.arithmetic(ty, &OPERATORS[..2], ty, depth, tape),
            },
            (_, Type::Semver) => return self.leaf(ty, tape),
        };
        expression(ty.clone(), kind)
    }

    fn leaf(&mut self, ty: &Type, tape: &mut Tape<'_>) -> Expression {
        let attributes: Vec<u32> = (0..)
            .zip(self.environment.attributes())
            .filter(|(_, attribute)| attribute.ty == *ty)
            .map(|(id, _)| id)
            .collect();
        let bound: Vec<u32> = (0..)
            .zip(&self.bound)
            .filter(|(_, bound)| *bound == ty)
            .map(|(id, _)| id)
            .collect();
        let kind = match tape.choose(6) {
            1 | 2 if !attributes.is_empty() => Kind::Attribute(AttributeId(*tape.one_of(&attributes))),
            3.. if !bound.is_empty() => Kind::Local(LocalId(*tape.one_of(&bound))),
            choice => match ty {
                Type::List(element) => {
                    let length = match tape.choose(6) {
                        5 => 12,
                        0 if self.language == Language::OfCel => 1,
                        short => short,
                    };
                    // Of literals alone, or of anything.
                    let depth = usize::from(choice != 0 && self.budget > 0);
                    let element = |maker: &mut Self, tape: &mut Tape<'_>| match depth {
                        0 => expression((**element).clone(), Kind::Literal(literal(element, tape))),
                        _ => maker.leaf(element, tape),
                    };
                    Kind::List((0..length).map(|_| element(self, tape)).collect())
                }
                scalar => Kind::Literal(literal(scalar, tape)),
            },
        };
        expression(ty.clone(), kind)
    }

    fn bool(&mut self, depth: usize, tape: &mut Tape<'_>) -> Kind {
        let depth = depth - 1;
        match tape.choose(14) {
            0..=3 => {
                let ty = match self.bound.last() {
                    Some(bound) if tape.choose(4) > 0 => bound.clone(),
                    _ => tape.one_of(self.language.scalars()).clone(),
                };
                let other = match ty {
                    Type::Int | Type::Uint | Type::Double => {
                        tape.one_of(&[Type::Int, Type::Uint, Type::Double]).clone()
                    }
                    _ => ty.clone(),
                };
                Kind::Compare {
                    operator: *tape.one_of(&COMPARISONS),
                    left: self.make(&ty, depth, tape).into(),
                    right: self.make(&other, depth, tape).into(),
                }
            }
            4 => Kind::Has(AttributeId(
                tape.choose(self.environment.attributes().len()) as u32
            )),
            5 => Kind::Not(self.make(&Type::Bool, depth, tape).into()),
            6 => Kind::And(self.several(depth, tape)),
            7 => Kind::Or(self.several(depth, tape)),
            8 => {
                let element = tape.one_of(self.language.scalars()).clone();
                let needle = match element {
                    Type::Int | Type::Uint | Type::Double => {
                        tape.one_of(&[Type::Int, Type::Uint, Type::Double]).clone()
                    }
                    _ => element.clone(),
                };
                Kind::In {
                    needle: self.make(&needle, depth, tape).into(),
                    list: self.make(&Type::List(element.into()), depth, tape).into(),
                }
            }
            9 => Kind::InSegment {
                needle: self.make(&Type::String, depth, tape).into(),
                segment: SegmentId(tape.choose(2) as u32),
            },
            10 => Kind::Call {
                function: *tape.one_of(&[Function::StartsWith, Function::EndsWith, Function::Contains]),
                arguments: vec![
                    self.make(&Type::String, depth, tape),
                    self.make(&Type::String, depth, tape),
                ],
            },
            11 => Kind::Matches {
                text: self.make(&Type::String, depth, tape).into(),
                pattern: (*tape.one_of(&PATTERNS)).to_owned(),
            },
            12 => {
                let ty = Type::List(tape.one_of(self.language.scalars()).clone().into());
                Kind::Compare {
                    operator: *tape.one_of(&COMPARISONS[..2]),
                    left: self.make(&ty, depth, tape).into(),
                    right: self.make(&ty, depth, tape).into(),
                }
            }
            _ => {
                let element = tape.one_of(self.language.scalars()).clone();
                let list = self.make(&Type::List(element.clone().into()), depth, tape);
                let variable = LocalId(self.bound.len() as u32);
                self.bound.push(element);
                let predicate = self.make(&Type::Bool, depth, tape);
                self.bound.pop();
                Kind::Comprehension {
                    macro_: *tape.one_of(&[Macro::Exists, Macro::All, Macro::ExistsOne]),
                    variable,
                    list: list.into(),
                    predicate: predicate.into(),
                }
            }
        }
    }

    fn several(&mut self, depth: usize, tape: &mut Tape<'_>) -> Vec<Expression> {
        (0..2 + tape.choose(2))
            .map(|_| self.make(&Type::Bool, depth, tape))
            .collect()
    }

    fn int(&mut self, depth: usize, tape: &mut Tape<'_>) -> Kind {
        let call = |function, argument| Kind::Call {
            function,
            arguments: vec![argument],
        };
        match tape.choose(8) {
            0..=2 => self.arithmetic(&Type::Int, &OPERATORS, &Type::Int, depth, tape),
            3 => Kind::Negate(self.make(&Type::Int, depth - 1, tape).into()),
            4 => call(Function::SizeOfString, self.make(&Type::String, depth - 1, tape)),
            5 => {
                let list = Type::List(tape.one_of(self.language.scalars()).clone().into());
                call(Function::SizeOfList, self.make(&list, depth - 1, tape))
            }
            6 => {
                let field = *tape.one_of(&TIMESTAMP_FIELDS);
                call(
                    Function::TimestampField(field),
                    self.make(&Type::Timestamp, depth - 1, tape),
                )
            }
            _ => match tape.choose(3) {
                0 => {
                    let field = *tape.one_of(&DURATION_FIELDS);
                    call(
                        Function::DurationField(field),
                        self.make(&Type::Duration, depth - 1, tape),
                    )
                }
                1 => call(Function::ToInt, self.make(&Type::Timestamp, depth - 1, tape)),
                _ => self.convert(Function::ToInt, depth, tape),
            },
        }
    }

    fn convert(&mut self, function: Function, depth: usize, tape: &mut Tape<'_>) -> Kind {
        let from = tape.one_of(&[Type::Int, Type::Uint, Type::Double]).clone();
        Kind::Call {
            function,
            arguments: vec![self.make(&from, depth - 1, tape)],
        }
    }

    fn arithmetic(
        &mut self,
        left: &Type,
        operators: &[Arithmetic],
        right: &Type,
        depth: usize,
        tape: &mut Tape<'_>,
    ) -> Kind {
        Kind::Arithmetic {
            operator: *tape.one_of(operators),
            left: self.make(left, depth - 1, tape).into(),
            right: self.make(right, depth - 1, tape).into(),
        }
    }
}

const OPERATORS: [Arithmetic; 5] = [
    Arithmetic::Add,
    Arithmetic::Subtract,
    Arithmetic::Multiply,
    Arithmetic::Divide,
    Arithmetic::Remainder,
];
const COMPARISONS: [Comparison; 6] = [
    Comparison::Equal,
    Comparison::NotEqual,
    Comparison::Less,
    Comparison::LessOrEqual,
    Comparison::Greater,
    Comparison::GreaterOrEqual,
];
const TIMESTAMP_FIELDS: [TimestampField; 10] = [
    TimestampField::FullYear,
    TimestampField::Month,
    TimestampField::Date,
    TimestampField::DayOfMonth,
    TimestampField::DayOfWeek,
    TimestampField::DayOfYear,
    TimestampField::Hours,
    TimestampField::Minutes,
    TimestampField::Seconds,
    TimestampField::Milliseconds,
];
const DURATION_FIELDS: [DurationField; 4] = [
    DurationField::Hours,
    DurationField::Minutes,
    DurationField::Seconds,
    DurationField::Milliseconds,
];
