//! Where things lie in a module's memory: slots, the array of all answers, and data that rules refer to.

use std::collections::HashMap;

use super::CompileError;
use super::hash;
use crate::condition::AttributeId;
use crate::program::abi;

/// Data beyond this is refused: segments of some ten million entries.
const MAX_DATA_BYTES: usize = 512 << 20;

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
        let bytes = self.place_padded(text.as_bytes())?;
        let record = self.place(&string_record(text, bytes))?;
        self.strings.insert(text.to_owned(), record);
        Ok(record)
    }

    /// A table of strings that `$in_strings` searches; equal sets share one.
    pub(super) fn string_table(&mut self, values: &[&str]) -> Result<u32, CompileError> {
        let mut sorted: Vec<&str> = values.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let places = (sorted.len() * 2).next_power_of_two();
        let mask = places as u64 - 1;
        let mut table = vec![0_u64; places + 1];
        table[0] = mask;
        for text in sorted {
            let mut entry = (text.len() as u64).to_le_bytes().to_vec();
            entry.extend_from_slice(text.as_bytes());
            let address = u64::from(self.place_padded(&entry)?);
            let hash = hash::of_string(text);
            let mut at = hash >> 32 & mask;
            while table[at as usize + 1] != 0 {
                at = (at + 1) & mask;
            }
            table[at as usize + 1] = address << 32 | hash & 0xffff_ffff;
        }
        self.place_longs(&table)
    }

    /// Lays 64-bit words down; equal runs of words share a place.
    pub(super) fn place_longs(&mut self, words: &[u64]) -> Result<u32, CompileError> {
        if let Some(&address) = self.tables.get(words) {
            return Ok(address);
        }
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let address = self.place(&bytes)?;
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

/// The first eight bytes of a string, padded with zeros.
pub(super) fn head(text: &str) -> u64 {
    let mut head = [0; 8];
    let length = text.len().min(8);
    head[..length].copy_from_slice(&text.as_bytes()[..length]);
    u64::from_le_bytes(head)
}

fn string_record(text: &str, bytes: u32) -> [u8; abi::RECORD_BYTES as usize] {
    let mut record = [0; abi::RECORD_BYTES as usize];
    let mut put = |offset: u32, value: u64| {
        record[offset as usize..][..8].copy_from_slice(&value.to_le_bytes());
    };
    put(
        abi::record::TAG,
        u64::from(abi::tag::STRING) | (text.len() as u64) << 32,
    );
    put(abi::record::VALUE, u64::from(bytes));
    put(abi::record::HEAD, head(text));
    put(abi::record::HASH, hash::of_string(text));
    record
}
