//! Where things lie in a module's memory: slots, the array of all answers, and data that rules refer to.

use std::collections::HashMap;

use super::CompileError;
use super::hash;
use crate::condition::{AttributeId, Literal, SegmentId};
use crate::program::abi::{self, record, tag};

/// Data beyond this is refused: segments of some ten million entries.
const MAX_DATA_BYTES: usize = 512 << 20;

/// A record as words.
const RECORD_WORDS: usize = abi::RECORD_BYTES as usize / 8;

/// The memory of a module under construction.
#[derive(Debug)]
pub(super) struct Layout {
    slots: HashMap<AttributeId, u32>,
    /// Where `decide_all` writes one `i64` a feature.
    pub(super) results: u32,
    start: u32,
    data: Vec<u8>,
    strings: HashMap<String, u32>,
    tables: HashMap<Vec<u64>, u32>,
    pub(super) segments: HashMap<SegmentId, u32>,
    pub(super) string_sets: HashMap<Vec<String>, u32>,
    pub(super) patterns: HashMap<String, u32>,
}

impl Layout {
    /// A layout with a slot for each of these attributes and an answer for each feature.
    pub(super) fn new(attributes: &[AttributeId], features: usize) -> Result<Self, CompileError> {
        let slot = |(position, &attribute): (usize, &AttributeId)| {
            (attribute, abi::SLOTS + position as u32 * abi::RECORD_BYTES)
        };
        let results = abi::SLOTS as usize + attributes.len() * abi::RECORD_BYTES as usize;
        let start = results + features * 8;
        if start > MAX_DATA_BYTES {
            return Err(CompileError::TooMuchData {
                limit_bytes: MAX_DATA_BYTES,
            });
        }
        Ok(Self {
            slots: attributes.iter().enumerate().map(slot).collect(),
            results: results as u32,
            start: start as u32,
            data: Vec::new(),
            strings: HashMap::new(),
            tables: HashMap::new(),
            segments: HashMap::new(),
            string_sets: HashMap::new(),
            patterns: HashMap::new(),
        })
    }

    /// The slot of an attribute; every attribute that rules name has one.
    pub(super) fn slot(&self, attribute: AttributeId) -> Result<u32, CompileError> {
        self.slots
            .get(&attribute)
            .copied()
            .ok_or(CompileError::Dangling { what: "attribute" })
    }

    /// Slots, as one block of memory before any context: all missing.
    pub(super) fn empty_slots(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.slots.len() * abi::RECORD_BYTES as usize];
        for slot in bytes.chunks_exact_mut(abi::RECORD_BYTES as usize) {
            slot[..8].copy_from_slice(&abi::MISSING.to_le_bytes());
        }
        bytes
    }

    /// The record of a string literal; equal literals share one.
    pub(super) fn string(&mut self, text: &str) -> Result<u32, CompileError> {
        if let Some(&record) = self.strings.get(text) {
            return Ok(record);
        }
        let words = self.string_record(text, tag::STRING)?;
        let record = self.place_record(words)?;
        self.strings.insert(text.to_owned(), record);
        Ok(record)
    }

    /// The record of a version literal, which the module parses once.
    pub(super) fn semver(&mut self, text: &str) -> Result<u32, CompileError> {
        let words = self.string_record(text, tag::SEMVER_TEXT)?;
        self.place_record(words)
    }

    /// The record of a list of literals.
    pub(super) fn list(&mut self, literals: &[&Literal]) -> Result<u32, CompileError> {
        let mut elements = Vec::with_capacity(literals.len() * RECORD_WORDS);
        for literal in literals {
            elements.extend(self.literal_record(literal)?);
        }
        let elements = if elements.is_empty() {
            0
        } else {
            self.place_words(&elements)?
        };
        let mut list = [0; RECORD_WORDS];
        list[0] = u64::from(tag::LIST) | (literals.len() as u64) << 32;
        list[1] = u64::from(elements);
        self.place_record(list)
    }

    fn literal_record(&mut self, literal: &Literal) -> Result<[u64; RECORD_WORDS], CompileError> {
        let number = |tag: u32, bits: u64| {
            let mut record = [0; RECORD_WORDS];
            record[0] = u64::from(tag);
            record[1] = bits;
            record
        };
        Ok(match literal {
            Literal::Bool(value) => number(if *value { tag::TRUE } else { tag::FALSE }, 0),
            Literal::Int(value) => number(tag::INT, value.cast_unsigned()),
            Literal::Uint(value) => number(tag::UINT, *value),
            Literal::Double(value) => number(tag::DOUBLE, value.to_bits()),
            Literal::Duration(value) => number(tag::DURATION, value.cast_unsigned()),
            Literal::Timestamp { seconds, nanos } => {
                let mut record = number(tag::TIMESTAMP, 0);
                record[(record::PARSED / 8) as usize] = seconds.cast_unsigned();
                record[(record::PARSED / 8) as usize + 1] = u64::from(*nanos);
                record
            }
            Literal::String(text) => self.string_record(text, tag::STRING)?,
            Literal::Semver(text) => self.string_record(text, tag::SEMVER_TEXT)?,
        })
    }

    fn string_record(&mut self, text: &str, tag: u32) -> Result<[u64; RECORD_WORDS], CompileError> {
        let bytes = self.place_padded(text.as_bytes())?;
        let mut record = [0; RECORD_WORDS];
        record[0] = u64::from(tag) | (text.len() as u64) << 32;
        record[(record::VALUE / 8) as usize] = u64::from(bytes);
        record[(record::HEAD / 8) as usize] = abi::head(text.as_bytes());
        record[(record::HASH / 8) as usize] = hash::of_string(text);
        Ok(record)
    }

    fn place_record(&mut self, words: [u64; RECORD_WORDS]) -> Result<u32, CompileError> {
        self.place_words(&words)
    }

    /// Lays words down.
    pub(super) fn place_words(&mut self, words: &[u64]) -> Result<u32, CompileError> {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.place(&bytes)
    }

    /// Lays a table down; equal tables share a place.
    pub(super) fn table(&mut self, words: &[u64]) -> Result<u32, CompileError> {
        if let Some(&address) = self.tables.get(words) {
            return Ok(address);
        }
        let address = self.place_words(words)?;
        self.tables.insert(words.to_vec(), address);
        Ok(address)
    }

    /// Lays bytes down, followed by zeros to a multiple of eight, and at least eight bytes in all.
    pub(super) fn place_padded(&mut self, bytes: &[u8]) -> Result<u32, CompileError> {
        let address = self.place(bytes)?;
        if bytes.is_empty() {
            self.data.extend_from_slice(&[0; 8]);
        }
        Ok(address)
    }

    /// Lays bytes down at a multiple of eight.
    pub(super) fn place(&mut self, bytes: &[u8]) -> Result<u32, CompileError> {
        if self.start as usize + self.data.len() + bytes.len() > MAX_DATA_BYTES {
            return Err(CompileError::TooMuchData {
                limit_bytes: MAX_DATA_BYTES,
            });
        }
        let address = self.start + self.data.len() as u32;
        self.data.extend_from_slice(bytes);
        self.data.resize(self.data.len().next_multiple_of(8), 0);
        Ok(address)
    }

    /// The data laid down so far, and where it begins.
    pub(super) fn data(&self) -> (u32, &[u8]) {
        (self.start, &self.data)
    }

    /// The first byte after everything, where a context's strings go.
    pub(super) fn end(&self) -> u32 {
        self.start + self.data.len() as u32
    }
}
