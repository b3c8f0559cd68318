//! Conditions made of bytes: nearly always CEL, mostly of the right types, and now and then neither.

use std::fmt::Write as _;

/// Bytes to choose by; once they have ended, every choice is the first.
pub struct Tape<'t>(&'t [u8]);

impl<'t> Tape<'t> {
    /// A tape of these bytes.
    pub fn new(bytes: &'t [u8]) -> Self {
        Self(bytes)
    }

    /// Whether choices are left.
    pub fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    fn choose(&mut self, count: usize) -> usize {
        usize::from(self.byte()) % count
    }

    fn one_of<'v>(&mut self, texts: &[&'v str]) -> &'v str {
        texts[self.choose(texts.len())]
    }
}

/// What conditions may name: two attributes of each kind.
pub const CONTEXT: &str = r#"attributes:
  user_id: { type: string }
  name: { type: string }
  country: { type: string, pattern: "[A-Z]{2}" }
  plan: { type: string, values: [free, pro, enterprise] }
  age: { type: int }
  level: { type: int, values: [1, 2, 3] }
  count: { type: uint }
  score: { type: double }
  rate: { type: double }
  beta: { type: bool }
  staff: { type: bool }
  since: { type: timestamp }
  seen: { type: timestamp }
  app: { type: semver }
  os: { type: semver }
  roles: { type: list(string) }
  sizes: { type: list(int) }
  rates: { type: list(double) }
  flags: { type: list(bool) }
  days: { type: list(timestamp) }
  versions: { type: list(semver) }
"#;

/// The segment that they may name.
pub const SEGMENT: (&str, &str) = ("segments/testers.txt", "123\n456\n# a comment\nabcdefghi\n");

const DEPTH: usize = 6;

/// A condition.
pub fn condition(tape: &mut Tape<'_>) -> String {
    Maker { bound: Vec::new() }.make(Ty::Bool, DEPTH, tape)
}

#[derive(Clone, Copy, PartialEq)]
enum Ty {
    Bool,
    Int,
    Uint,
    Double,
    String,
    Timestamp,
    Duration,
    Semver,
    List(&'static Ty),
}

const SCALARS: [Ty; 8] =
    [Ty::String, Ty::Int, Ty::Bool, Ty::Double, Ty::Uint, Ty::Timestamp, Ty::Semver, Ty::Duration];
const COMPARISONS: [&str; 7] = ["==", "!=", "<", "<=", ">", ">=", "="];
const OPERATORS: [&str; 5] = ["+", "-", "*", "/", "%"];
const PATTERNS: [&str; 14] = [
    "a", "^a", "c$", "", "^[A-Z]{2}$", "(?i)ABC", "[^a-c]", r"\\p{Lu}|[0-9]{3}", "(a|b)*c", r"\\bx\\b", "(", "a{1000}",
    r"(?s).", "日|é",
];

struct Maker {
    /// The types of the macros' variables, which are called `x0`, `x1` and so on.
    bound: Vec<Ty>,
}

impl Maker {
    fn make(&mut self, ty: Ty, depth: usize, tape: &mut Tape<'_>) -> String {
        let Some(depth) = depth.checked_sub(1) else {
            return self.leaf(ty, tape);
        };
        match tape.byte() {
            // Of another type, and not CEL at all.
            250..=252 => return self.make(SCALARS[tape.choose(SCALARS.len())], depth, tape),
            253 => return raw(tape),
            0..=63 => return self.leaf(ty, tape),
            64..=75 => {
                let condition = self.make(Ty::Bool, depth, tape);
                let (then, otherwise) = (self.make(ty, depth, tape), self.make(ty, depth, tape));
                return format!("({condition} ? {then} : {otherwise})");
            }
            76..=84 => {
                if let Some(list) = list_of(ty) {
                    let list = self.make(list, depth, tape);
                    return format!("{list}[{}]", self.make(Ty::Int, depth.min(1), tape));
                }
            }
            _ => {}
        }
        match ty {
            Ty::Bool => self.bool(depth, tape),
            Ty::Int => match tape.choose(8) {
                0..=2 => self.between(ty, &OPERATORS, ty, depth, tape),
                3 => format!("-{}", self.make(ty, depth, tape)),
                4 => format!("size({})", self.make(Ty::String, depth, tape)),
                5 => format!("int({})", self.number(depth, tape)),
                6 => {
                    let timestamp = self.make(Ty::Timestamp, depth, tape);
                    let field = tape.one_of(&["getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getHours", "getMinutes", "getSeconds", "getMilliseconds"]);
                    let zone = tape.one_of(&["", "", "\"+05:30\"", "\"-08:00\"", "\"Europe/Berlin\""]);
                    format!("{timestamp}.{field}({zone})")
                }
                _ => format!("{}.getMinutes()", self.make(Ty::Duration, depth, tape)),
            },
            Ty::Uint if tape.choose(4) == 3 => format!("uint({})", self.number(depth, tape)),
            Ty::Double if tape.choose(4) == 3 => format!("double({})", self.number(depth, tape)),
            Ty::Uint => self.between(ty, &OPERATORS, ty, depth, tape),
            Ty::Double => self.between(ty, &OPERATORS[..4], ty, depth, tape),
            Ty::String | Ty::List(_) => self.between(ty, &OPERATORS[..1], ty, depth, tape),
            Ty::Timestamp => self.between(ty, &OPERATORS[..2], Ty::Duration, depth, tape),
            Ty::Duration if tape.choose(2) == 0 => self.between(Ty::Timestamp, &["-"], Ty::Timestamp, depth, tape),
            Ty::Duration => self.between(ty, &OPERATORS[..2], ty, depth, tape),
            Ty::Semver => self.leaf(ty, tape),
        }
    }

    fn bool(&mut self, depth: usize, tape: &mut Tape<'_>) -> String {
        let scalar = SCALARS[tape.choose(SCALARS.len())];
        match tape.choose(16) {
            0..=3 => {
                let other = if is_number(scalar) { [Ty::Int, Ty::Uint, Ty::Double][tape.choose(3)] } else { scalar };
                self.between(scalar, &COMPARISONS, other, depth, tape)
            }
            4 => format!("has({})", self.attribute(scalar, tape)),
            5 => format!("!{}", self.make(Ty::Bool, depth, tape)),
            6..=8 => self.between(Ty::Bool, &["&&", "||", "and"], Ty::Bool, depth, tape),
            9 => match list_of(scalar) {
                Some(list) => self.between(scalar, &["in"], list, depth, tape),
                None => self.leaf(Ty::Bool, tape),
            },
            10 => format!("{} in segment({})", self.make(Ty::String, depth, tape), tape.one_of(&["\"testers\"", "\"tester\""])),
            11 => {
                let text = self.make(Ty::String, depth, tape);
                let function = tape.one_of(&["startsWith", "endsWith", "contains"]);
                format!("{text}.{function}({})", self.make(Ty::String, depth, tape))
            }
            12 => format!("{}.matches(\"{}\")", self.make(Ty::String, depth, tape), tape.one_of(&PATTERNS)),
            13 => self.between(Ty::List(&Ty::String), &["==", "!="], Ty::List(&Ty::String), depth, tape),
            _ => {
                let Some(list) = list_of(scalar) else { return self.leaf(Ty::Bool, tape) };
                let list = self.make(list, depth, tape);
                let name = format!("x{}", self.bound.len());
                self.bound.push(scalar);
                let predicate = self.make(Ty::Bool, depth, tape);
                self.bound.pop();
                format!("{list}.{}({name}, {predicate})", tape.one_of(&["exists", "all", "exists_one"]))
            }
        }
    }

    fn between(&mut self, left: Ty, operators: &[&str], right: Ty, depth: usize, tape: &mut Tape<'_>) -> String {
        let left = self.make(left, depth, tape);
        let operator = tape.one_of(operators);
        format!("({left} {operator} {})", self.make(right, depth, tape))
    }

    fn number(&mut self, depth: usize, tape: &mut Tape<'_>) -> String {
        let ty = [Ty::Int, Ty::Double, Ty::Uint, Ty::Timestamp, Ty::String][tape.choose(5)];
        self.make(ty, depth, tape)
    }

    fn leaf(&mut self, ty: Ty, tape: &mut Tape<'_>) -> String {
        let bound: Vec<usize> = (0..self.bound.len()).filter(|nth| self.bound[*nth] == ty).collect();
        match tape.choose(4) {
            0 | 1 => self.attribute(ty, tape),
            2 if !bound.is_empty() => format!("x{}", bound[tape.choose(bound.len())]),
            _ => self.literal(ty, tape),
        }
    }

    fn attribute(&self, ty: Ty, tape: &mut Tape<'_>) -> String {
        let names: &[&str] = match ty {
            Ty::Bool => &["beta", "staff"],
            Ty::Int => &["age", "level"],
            Ty::Uint => &["count"],
            Ty::Double => &["score", "rate"],
            Ty::String => &["user_id", "name", "country", "plan"],
            Ty::Timestamp => &["since", "seen", "now"],
            Ty::Duration => &["duration(\"1h\")"],
            Ty::Semver => &["app", "os"],
            Ty::List(Ty::String) => &["roles"],
            Ty::List(Ty::Int) => &["sizes"],
            Ty::List(Ty::Double) => &["rates"],
            Ty::List(Ty::Bool) => &["flags"],
            Ty::List(Ty::Timestamp) => &["days"],
            Ty::List(Ty::Semver) => &["versions"],
            Ty::List(_) => &["[]"],
        };
        tape.one_of(names).to_owned()
    }

    fn literal(&mut self, ty: Ty, tape: &mut Tape<'_>) -> String {
        let texts: &[&str] = match ty {
            Ty::Bool => &["true", "false"],
            Ty::Int => &["0", "1", "-1", "7", "9223372036854775807", "-9223372036854775808", "0x1F", "9007199254740993"],
            Ty::Uint => &["0u", "1u", "18446744073709551615u", "3U"],
            Ty::Double => &["0.0", "1.5", "-0.0", "1e308", "5e-324", "9007199254740992.0", "double(\"NaN\")"],
            Ty::String => &[
                "\"123\"", "'IN'", "\"pro\"", "\"\"", "\"abcdefgh\"", "\"abcdefghi\"", "r'\\d'", "'''a\nb'''", "\"\\u00e9\"",
                "\"日本語日本語\"", "'a\\x00'", "\"enterprise\"",
            ],
            Ty::Timestamp => &[
                "timestamp(\"2026-12-01T09:00:00Z\")", "timestamp(\"0001-01-01T00:00:00Z\")",
                "timestamp(\"9999-12-31T23:59:59.999999999Z\")", "timestamp(0)", "timestamp(\"2024-02-29T12:00:00+05:30\")",
            ],
            Ty::Duration => &["duration(\"1h30m\")", "duration(\"-1.5s\")", "duration(\"0s\")", "duration(\"2562047h\")"],
            Ty::Semver => &["semver(\"1.2.3\")", "semver(\"1.2.3-rc.1+b\")", "semver(\"99999999999999999999.0.0-0\")"],
            Ty::List(element) => {
                let length = [0, 1, 2, 3, 12][tape.choose(5)];
                let mut list = String::from("[");
                for nth in 0..length {
                    let comma = if nth == 0 { "" } else { ", " };
                    let element = if tape.choose(3) == 2 { self.attribute(*element, tape) } else { self.literal(*element, tape) };
                    // Writing to a string cannot fail.
                    let _ = write!(list, "{comma}{element}");
                }
                list.push(']');
                return list;
            }
        };
        tape.one_of(texts).to_owned()
    }
}

fn is_number(ty: Ty) -> bool {
    matches!(ty, Ty::Int | Ty::Uint | Ty::Double)
}

fn list_of(ty: Ty) -> Option<Ty> {
    Some(match ty {
        Ty::String => Ty::List(&Ty::String),
        Ty::Int => Ty::List(&Ty::Int),
        Ty::Uint => Ty::List(&Ty::Uint),
        Ty::Double => Ty::List(&Ty::Double),
        Ty::Bool => Ty::List(&Ty::Bool),
        Ty::Timestamp => Ty::List(&Ty::Timestamp),
        Ty::Semver => Ty::List(&Ty::Semver),
        Ty::Duration | Ty::List(_) => return None,
    })
}

/// A few of the tape's bytes as they are.
fn raw(tape: &mut Tape<'_>) -> String {
    let bytes: Vec<u8> = (0..tape.choose(12)).map(|_| tape.byte()).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}
