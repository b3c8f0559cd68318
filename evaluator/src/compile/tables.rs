//! The tables that long lists become: `$in_strings` and `$in_longs` of `helpers/membership.wat` search them.

use std::collections::BTreeSet;

use super::CompileError;
use super::hash;
use super::layout::Layout;
use crate::condition::{Segment, SegmentId};

impl Layout {
    /// The table of a segment, laid down once however often it is asked for.
    pub(super) fn segment(&mut self, id: SegmentId, segment: &Segment) -> Result<u32, CompileError> {
        if let Some(&table) = self.segments.get(&id) {
            return Ok(table);
        }
        let values: BTreeSet<&str> = segment.values.iter().map(String::as_str).collect();
        let table = self.string_table(&values)?;
        self.segments.insert(id, table);
        Ok(table)
    }

    /// The table of a list of literals; equal sets share one.
    pub(super) fn literal_strings(&mut self, values: &BTreeSet<&str>) -> Result<u32, CompileError> {
        let key: Vec<String> = values.iter().map(|&text| text.to_owned()).collect();
        if let Some(&table) = self.string_sets.get(&key) {
            return Ok(table);
        }
        let table = self.string_table(values)?;
        self.string_sets.insert(key, table);
        Ok(table)
    }

    fn string_table(&mut self, values: &BTreeSet<&str>) -> Result<u32, CompileError> {
        let mask = places(values.len()) - 1;
        let mut table = vec![0; mask as usize + 2];
        table[0] = mask;
        for text in values {
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
        self.place_words(&table)
    }

    /// A table of 64-bit values; equal sets share one.
    pub(super) fn long_table(&mut self, values: &[u64]) -> Result<u32, CompileError> {
        let mut sorted = values.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        // The greatest value that is none of the table's: going down from the top, the first gap.
        let taken = sorted
            .iter()
            .rev()
            .zip(0..)
            .take_while(|&(&value, nth)| value == u64::MAX - nth)
            .count();
        let empty = u64::MAX - taken as u64;
        let mask = places(sorted.len()) - 1;
        let mut table = vec![empty; mask as usize + 3];
        table[0] = mask;
        for value in sorted {
            let mut at = hash::of_long(value) & mask;
            while table[at as usize + 2] != empty {
                at = (at + 1) & mask;
            }
            table[at as usize + 2] = value;
        }
        self.table(&table)
    }
}

/// At least twice as many places as values: half of them stay empty, so that every search ends soon.
fn places(values: usize) -> u64 {
    (values.max(1) as u64 * 2).next_power_of_two()
}
