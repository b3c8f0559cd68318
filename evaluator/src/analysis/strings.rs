//! Strings of every class: those that are named, and what lies outside of them by prefix, suffix, part and pattern.
//!
//! Each of these questions is a regular language, so all of them together are asked by walking their automata side by side, breadth
//! first: every combination of answers that any string has is met, with a short string that has it. What is well-formed is
//! UTF-8, which is one more automaton.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use regex_automata::dfa::{Automaton, dense};
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;

use super::domain::{Members, constants};
use super::question::{Member, Question};
use crate::compile::automaton;
use crate::condition::{Comparison, Literal};

/// So many states of all automata together are visited at most.
const STATES: usize = 4_000;
/// Named strings of so many bytes together are told from all others while walking.
const TOLD_BYTES: usize = 1_000;
/// Where there are more, so many strings that lead to a state are followed: the first may be a named one.
const STRINGS_A_STATE: u8 = 3;
/// So many answers of patterns to named strings are found at most.
const NAMED_ANSWERS: usize = 200_000;

/// Bytes as people write them come first, so that examples are readable.
const FIRST_BYTES: &[u8] = b"a1A-_.@ bcdefghijklmnopqrstuvwxyz023456789BCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Strings of every class.
pub(super) fn members(known: &[Literal], questions: &[Question]) -> Members {
    let named = constants(questions);
    let mut strings: Vec<String> = Vec::new();
    strings.extend(known.iter().filter_map(text));
    let languages: Vec<&Question> = questions
        .iter()
        .filter(|question| pattern(question).is_some())
        .collect();
    let ordered: Vec<String> = questions.iter().filter_map(ordered).collect();
    // Two of the named are as good as all where they answer alike, but that is known only once they are asked.
    let is_askable = named.len() * languages.len() <= NAMED_ANSWERS;
    strings.extend(named.iter().filter_map(text));
    let named: HashSet<&str> = named.iter().filter_map(as_str).collect();
    let mut is_complete = is_askable && (ordered.is_empty() || languages.is_empty());
    for text in &ordered {
        // What comes right after a string is the string with the least character behind it.
        let next = format!("{text}\0");
        is_complete &= !named.contains(next.as_str());
        strings.extend([format!("{text}a"), next, text.clone()]);
    }
    if languages.is_empty() {
        strings.extend(outside(&named));
    } else {
        match walk(&languages, &named) {
            Some((walked, all)) => {
                strings.extend(walked);
                is_complete &= all;
            }
            None => is_complete = false,
        }
    }
    strings.push(String::new());
    let mut seen = HashSet::new();
    strings.retain(|text| seen.insert(text.clone()));
    Members {
        members: strings
            .into_iter()
            .map(|text| Member::One(Literal::String(text)))
            .collect(),
        is_complete,
    }
}

/// Strings that nothing names.
fn outside(named: &HashSet<&str>) -> Option<String> {
    (0..=named.len())
        .map(|nth| {
            if nth == 0 {
                "other".to_owned()
            } else {
                format!("other-{nth}")
            }
        })
        .find(|text| !named.contains(text.as_str()))
}

fn as_str(literal: &Literal) -> Option<&str> {
    match literal {
        Literal::String(text) => Some(text),
        _ => None,
    }
}

fn text(literal: &Literal) -> Option<String> {
    as_str(literal).map(str::to_owned)
}

/// What a string is ordered against.
fn ordered(question: &Question) -> Option<String> {
    match question {
        Question::Compare(Comparison::Equal | Comparison::NotEqual, _) => None,
        Question::Compare(_, literal) => text(literal),
        _ => None,
    }
}

/// The pattern that finds what a question is true of.
fn pattern(question: &Question) -> Option<String> {
    Some(match question {
        Question::StartsWith(part) => format!(r"\A{}", regex_syntax::escape(part)),
        Question::EndsWith(part) => format!(r"{}\z", regex_syntax::escape(part)),
        Question::Contains(part) => regex_syntax::escape(part),
        Question::Matches(pattern, _) => pattern.clone(),
        _ => return None,
    })
}

/// Where a walk stands: in each automaton, or past its first match, and within a character.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Place {
    states: Vec<Option<StateID>>,
    utf8: Utf8,
    /// The string so far, where a named one begins so and these are told apart.
    named: Option<Vec<u8>>,
}

/// For each combination of answers that some string has, strings that have it, and whether these are all combinations beside what the
/// named strings answer. `None` where an automaton would be too large.
fn walk(languages: &[&Question], named: &HashSet<&str>) -> Option<(Vec<String>, bool)> {
    let mut automata = Vec::new();
    for question in languages {
        automata.push(automaton(&pattern(question)?).ok()?);
    }
    let mut states = Vec::new();
    for automaton in &automata {
        states.push(settled(
            automaton,
            automaton.start_state(&start::Config::new()).ok()?,
        ));
    }
    let bytes = bytes();
    let are_told = named.iter().map(|text| text.len()).sum::<usize>() <= TOLD_BYTES;
    let beginnings: HashSet<&[u8]> = if are_told {
        named
            .iter()
            .flat_map(|text| (0..=text.len()).map(|end| &text.as_bytes()[..end]))
            .collect()
    } else {
        HashSet::new()
    };
    let strings_a_state = if are_told { 1 } else { STRINGS_A_STATE };
    let first = Place {
        states,
        utf8: Utf8::Start,
        named: beginnings.contains(&b""[..]).then(Vec::new),
    };
    let mut visits: HashMap<Place, u8> = HashMap::from([(first.clone(), 1)]);
    let mut open = VecDeque::from([(first, Vec::new())]);
    // By their answers: a string that nothing names, if there was one yet.
    let mut found: BTreeMap<Vec<bool>, Option<String>> = BTreeMap::new();
    while let Some((place, so_far)) = open.pop_front() {
        if visits.len() > STATES {
            return Some((found.into_values().flatten().collect(), false));
        }
        if place.utf8 == Utf8::Start
            && let Ok(text) = std::str::from_utf8(&so_far)
        {
            let known = found.entry(answers(&automata, &place)).or_default();
            if known.is_none() && !named.contains(text) {
                *known = Some(text.to_owned());
            }
        }
        for &byte in &bytes {
            let Some(utf8) = place.utf8.next(byte) else {
                continue;
            };
            let states = automata.iter().zip(&place.states).map(|(automaton, state)| {
                state.and_then(|state| settled(automaton, automaton.next_state(state, byte)))
            });
            let mut longer = so_far.clone();
            longer.push(byte);
            let is_beginning = place.named.is_some() && beginnings.contains(longer.as_slice());
            let next = Place {
                states: states.collect(),
                utf8,
                named: is_beginning.then(|| longer.clone()),
            };
            let visited = visits.entry(next.clone()).or_default();
            if *visited < strings_a_state {
                *visited += 1;
                open.push_back((next, longer));
            }
        }
    }
    // Told apart, where no other string was found there is none.
    let is_complete = are_told || found.values().all(Option::is_some);
    Some((found.into_values().flatten().collect(), is_complete))
}

/// The state, unless it is past a match.
fn settled(automaton: &dense::DFA<Vec<u32>>, state: StateID) -> Option<StateID> {
    (!automaton.is_match_state(state)).then_some(state)
}

fn answers(automata: &[dense::DFA<Vec<u32>>], place: &Place) -> Vec<bool> {
    let at_end = |(automaton, state): (&dense::DFA<Vec<u32>>, &Option<StateID>)| {
        state.is_none_or(|state| automaton.is_match_state(automaton.next_eoi_state(state)))
    };
    automata.iter().zip(&place.states).map(at_end).collect()
}

/// All bytes, the readable first.
fn bytes() -> Vec<u8> {
    let mut bytes = FIRST_BYTES.to_vec();
    bytes.extend((0..=u8::MAX).filter(|byte| !FIRST_BYTES.contains(byte)));
    bytes
}

/// Within which character a string of bytes ends: the Unicode Standard's table 3-7.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Utf8 {
    Start,
    /// So many bytes follow, of which the first is in this range.
    Within(u8, u8, u8),
}

impl Utf8 {
    fn next(self, byte: u8) -> Option<Utf8> {
        match self {
            Utf8::Start => Some(match byte {
                0..=0x7f => Utf8::Start,
                0xc2..=0xdf => Utf8::Within(1, 0x80, 0xbf),
                0xe0 => Utf8::Within(2, 0xa0, 0xbf),
                0xed => Utf8::Within(2, 0x80, 0x9f),
                0xe1..=0xef => Utf8::Within(2, 0x80, 0xbf),
                0xf0 => Utf8::Within(3, 0x90, 0xbf),
                0xf1..=0xf3 => Utf8::Within(3, 0x80, 0xbf),
                0xf4 => Utf8::Within(3, 0x80, 0x8f),
                _ => return None,
            }),
            Utf8::Within(follow, least, most) if (least..=most).contains(&byte) => Some(match follow {
                1 => Utf8::Start,
                _ => Utf8::Within(follow - 1, 0x80, 0xbf),
            }),
            Utf8::Within(..) => None,
        }
    }
}
