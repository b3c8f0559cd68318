//! `matches`: a pattern becomes a deterministic automaton when it is compiled, and a walk through its table when it is run.
//!
//! The table is searched by `$matches` of `helpers/patterns.wat`. A text of n bytes takes n steps, whatever the pattern.

use std::collections::HashMap;
use std::error::Error;

use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::nfa::thompson;
use regex_automata::util::primitives::StateID;
use regex_automata::util::{start, syntax};

use super::CompileError;
use super::layout::Layout;

/// A pattern's table may not be larger; most take some kilobytes.
const MAX_TABLE_BYTES: usize = 1 << 20;
/// States are numbered by 16 bits, one number being left for those that match.
const MAX_STATES: usize = 0xfffd;
/// What building the automaton may take.
const MAX_BUILD_BYTES: usize = 16 << 20;

/// The state that never matches, whatever follows.
const DEAD: u16 = 0;
/// The state that a search begins in.
const START: u16 = 1;

impl Layout {
    /// The table of a pattern; equal patterns share one.
    pub(super) fn pattern(&mut self, pattern: &str) -> Result<u32, CompileError> {
        if let Some(&table) = self.patterns.get(pattern) {
            return Ok(table);
        }
        let bytes = table(pattern)?;
        let table = self.place(&bytes)?;
        self.patterns.insert(pattern.to_owned(), table);
        Ok(table)
    }
}

/// Lays an automaton out as `$matches` wants it.
fn table(pattern: &str) -> Result<Vec<u8>, CompileError> {
    let too_large = || CompileError::PatternTooLarge {
        pattern: pattern.to_owned(),
        limit_bytes: MAX_TABLE_BYTES,
    };
    let bad = |source: Box<dyn Error + Send + Sync>| CompileError::Pattern {
        pattern: pattern.to_owned(),
        source,
    };
    let dfa = automaton(pattern).map_err(|error| {
        if error.is_size_limit_exceeded() {
            too_large()
        } else {
            bad(error.into())
        }
    })?;
    let start = dfa
        .start_state(&start::Config::new())
        .map_err(|error| bad(error.into()))?;
    let states = States::of(&dfa, start).ok_or_else(too_large)?;

    // Bytes that every state treats alike are one class.
    let mut columns: Vec<Vec<u16>> = Vec::new();
    let mut known: HashMap<Vec<u16>, usize> = HashMap::new();
    let mut class_of_byte = Vec::with_capacity(256);
    for byte in 0..=u8::MAX {
        let column = states.column(|state| dfa.next_state(state, byte));
        let class = *known.entry(column).or_insert_with_key(|column| {
            columns.push(column.clone());
            columns.len() - 1
        });
        class_of_byte.push(class as u8);
    }
    // The text's end is the last class of the row.
    let stride = (columns.len() + 1).next_power_of_two();
    columns.resize(stride - 1, vec![DEAD; states.rows()]);
    columns.push(states.column(|state| dfa.next_eoi_state(state)));

    let table_bytes = states.rows() * stride * 2;
    if table_bytes > MAX_TABLE_BYTES {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(table_bytes + 264);
    bytes.extend_from_slice(&stride.trailing_zeros().to_le_bytes());
    bytes.extend_from_slice(&u32::from(states.matched).to_le_bytes());
    bytes.extend_from_slice(&class_of_byte);
    for state in 0..states.rows() {
        bytes.extend(columns.iter().flat_map(|column| column[state].to_le_bytes()));
    }
    Ok(bytes)
}

/// The automaton of a pattern as a checked condition has it: it searches from the text's start on.
#[expect(
    clippy::result_large_err,
    reason = "met once a pattern, when rules are compiled"
)]
pub(crate) fn automaton(pattern: &str) -> Result<dense::DFA<Vec<u32>>, dense::BuildError> {
    let config = dense::Config::new()
        .start_kind(StartKind::Unanchored)
        .dfa_size_limit(Some(MAX_BUILD_BYTES))
        .determinize_size_limit(Some(MAX_BUILD_BYTES));
    dense::Builder::new()
        .configure(config)
        // The checker's translation of RE2's `\B` matches between the bytes of a character.
        .syntax(syntax::Config::new().utf8(false))
        .thompson(
            thompson::Config::new()
                .utf8(false)
                .nfa_size_limit(Some(MAX_BUILD_BYTES)),
        )
        .build(pattern)
}

/// The states that a search can come to, numbered: dead, start, the others, and one for all that match, since whether there
/// is a match is all that is asked.
struct States {
    numbers: HashMap<StateID, u16>,
    /// From [`START`] on; a start that matches is not among them.
    going_on: Vec<StateID>,
    matched: u16,
}

impl States {
    /// `None` where they are too many.
    fn of(dfa: &dense::DFA<Vec<u32>>, start: StateID) -> Option<Self> {
        let mut states = Self {
            numbers: HashMap::new(),
            going_on: Vec::new(),
            matched: 0,
        };
        let mut matching = Vec::new();
        let mut next = vec![start];
        while let Some(state) = next.pop() {
            if states.numbers.contains_key(&state) || matching.contains(&state) {
                continue;
            }
            if dfa.is_match_state(state) {
                matching.push(state);
            } else if dfa.is_dead_state(state) {
                states.numbers.insert(state, DEAD);
            } else {
                states.numbers.insert(state, START + states.going_on.len() as u16);
                states.going_on.push(state);
                // The last is left out by the limit, so that the number after it is one.
                if states.going_on.len() > MAX_STATES {
                    return None;
                }
                next.extend((0..=u8::MAX).map(|byte| dfa.next_state(state, byte)));
                next.push(dfa.next_eoi_state(state));
            }
        }
        states.matched = START + states.going_on.len() as u16;
        states
            .numbers
            .extend(matching.into_iter().map(|state| (state, states.matched)));
        Some(states)
    }

    /// How many rows a table has: none for what matches.
    fn rows(&self) -> usize {
        self.going_on.len() + 1
    }

    /// Where each row's state goes by one byte.
    fn column(&self, next: impl Fn(StateID) -> StateID) -> Vec<u16> {
        let number = |&state: &StateID| self.numbers.get(&next(state)).copied().unwrap_or(DEAD);
        std::iter::once(DEAD)
            .chain(self.going_on.iter().map(number))
            .collect()
    }
}
