//! A context on its way into a program's memory: each attribute that the rules read becomes the record in its slot.

use super::abi::{self, RECORD_BYTES, head, record, tag};
use super::bits::Bits;
use super::context::{Attributes, Context, Value};
use super::load::Shared;
use super::metadata::{ScalarType, Slot};
use super::names::{Found, Guesses, Takes};
use super::number_text::NumberText;

/// Of a string's record, what is written; the rest is the module's own.
const WRITTEN_BYTES: usize = 32;

/// What must be remembered of a context while it lies in the memory.
#[derive(Debug)]
pub(super) struct Written {
    /// A bit for each slot that has a value; the one before is cleared where this one has none.
    present: Bits,
    before: Bits,
    /// Positions of slots whose values broke their declaration.
    pub(super) mistyped: Vec<usize>,
    guesses: Guesses,
}

/// Why a context could not be written as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// The memory must have at least so many bytes.
    NeedsBytes(usize),
    /// The value is not what is declared.
    Mistyped,
}

impl Written {
    /// For a memory of so many slots, all missing.
    pub(super) fn new(slots: usize) -> Self {
        Self {
            present: Bits::new(slots),
            before: Bits::new(slots),
            mistyped: Vec::new(),
            guesses: Guesses::default(),
        }
    }

    /// Replaces the context in memory by this one; or tells how many bytes the memory must have for it.
    #[inline]
    pub(super) fn write(
        &mut self,
        memory: &mut [u8],
        program: &Shared,
        context: &Context<'_>,
    ) -> Result<(), usize> {
        std::mem::swap(&mut self.present, &mut self.before);
        self.present.clear();
        self.mistyped.clear();
        put(memory, abi::NOW, context.now_ms.cast_unsigned());
        let mut writer = Writer {
            memory,
            program,
            free: program.metadata.room as usize,
            alias: None,
            written: self,
        };
        let written = writer.attributes(context.attributes);
        let free = writer.free as u64;
        if written.is_err() {
            self.present.add(&self.before);
            return written;
        }
        put(memory, abi::FREE, free);
        for position in self.before.without(&self.present) {
            if let Some(slot) = program.metadata.slots.get(position) {
                put(memory, slot.at, abi::MISSING);
            }
        }
        Ok(())
    }
}

struct Writer<'w, 'v> {
    memory: &'w mut [u8],
    program: &'w Shared,
    free: usize,
    /// A slot's value by its other name, kept until it is known whether it has one by its own.
    alias: Option<(Found, Value<'v>)>,
    written: &'w mut Written,
}

impl<'v> Writer<'_, 'v> {
    #[inline]
    fn attributes(&mut self, attributes: Attributes<'v>) -> Result<(), usize> {
        match attributes {
            Attributes::Pairs(pairs) => {
                for (nth, (name, value)) in pairs.iter().enumerate() {
                    self.attribute(nth, name, *value)?;
                }
            }
            Attributes::Json(object) => {
                for (nth, (name, value)) in object.iter().enumerate() {
                    self.attribute(nth, name, value.into())?;
                }
            }
            Attributes::Texts(texts) => {
                for (nth, (name, text)) in texts.iter().enumerate() {
                    self.attribute(nth, name, Value::Text(text))?;
                }
            }
            Attributes::Values(values) => {
                for (nth, (name, value)) in values.iter().enumerate() {
                    self.attribute(nth, name, value.into())?;
                }
            }
        }
        self.alias()
    }

    /// Most attributes are short strings that come in the order of the last context's.
    #[inline]
    fn attribute(&mut self, nth: usize, name: &str, value: Value<'v>) -> Result<(), usize> {
        if let Value::String(text) | Value::Text(text) = value
            && text.len() <= 16
            && self.written.mistyped.is_empty()
            && let Some(guess) = self.written.guesses.right(nth, name)
            && self.short_string(guess.at, text).is_some()
        {
            self.written.present.set(guess.position);
            return Ok(());
        }
        self.any_attribute(nth, name, value)
    }

    #[inline(never)]
    fn any_attribute(&mut self, nth: usize, name: &str, value: Value<'v>) -> Result<(), usize> {
        let Some(found) = self.program.names.find(name) else {
            return Ok(());
        };
        self.written.guesses.learn(nth, name, found);
        if found.takes == Takes::Alias {
            self.alias = Some((found, value));
            return Ok(());
        }
        self.slot(found, value)
    }

    #[inline]
    fn alias(&mut self) -> Result<(), usize> {
        match self.alias {
            Some((found, value)) => self.slot_by_alias(found, value),
            None => Ok(()),
        }
    }

    #[inline(never)]
    fn slot_by_alias(&mut self, found: Found, value: Value<'_>) -> Result<(), usize> {
        let is_missing = !self.written.present.has(found.position);
        if is_missing && !self.written.mistyped.contains(&(found.position as usize)) {
            self.slot(found, value)
        } else {
            Ok(())
        }
    }

    #[inline(never)]
    fn slot(&mut self, found: Found, value: Value<'_>) -> Result<(), usize> {
        let slot = &self.program.metadata.slots[found.position as usize];
        let written = match (slot.ty, value) {
            (ScalarType::String, Value::String(text) | Value::Text(text)) if !slot.list => {
                self.string(slot.at, tag::STRING, text)
            }
            (_, Value::Null) => {
                self.forget(found);
                return Ok(());
            }
            _ => self.other(slot, value),
        };
        self.note(found, written)
    }

    /// Remembers what became of a slot's value; of two values, the later counts.
    #[inline]
    fn note(&mut self, found: Found, written: Result<(), Refused>) -> Result<(), usize> {
        match written {
            Ok(()) => {
                self.written.present.set(found.position);
                if !self.written.mistyped.is_empty() {
                    self.forgive(found);
                }
            }
            Err(Refused::NeedsBytes(bytes)) => return Err(bytes),
            Err(Refused::Mistyped) => {
                self.forget(found);
                self.written.mistyped.push(found.position as usize);
            }
        }
        Ok(())
    }

    /// As if there had been no value by this name yet.
    #[cold]
    fn forget(&mut self, found: Found) {
        put(self.memory, found.at, abi::MISSING);
        self.written.present.unset(found.position);
        self.forgive(found);
    }

    /// As if no value by this name had broken its declaration.
    #[cold]
    fn forgive(&mut self, found: Found) {
        self.written
            .mistyped
            .retain(|position| *position != found.position as usize);
    }

    /// Any value but a string.
    fn other(&mut self, slot: &Slot, value: Value<'_>) -> Result<(), Refused> {
        match (slot.list, value) {
            (true, Value::List(elements)) => self.list(slot, elements.iter().copied()),
            (true, Value::Array(elements)) => self.list(slot, elements.iter().map(Value::from)),
            (true, _) => Err(Refused::Mistyped),
            (false, value) => {
                self.scalar(slot.at, slot.ty, value)?;
                if slot.bucketed { self.text(slot) } else { Ok(()) }
            }
        }
    }

    fn scalar(&mut self, at: u32, ty: ScalarType, value: Value<'_>) -> Result<(), Refused> {
        match ty {
            ScalarType::Bool => {
                let tag = if bool_of(value).ok_or(Refused::Mistyped)? {
                    tag::TRUE
                } else {
                    tag::FALSE
                };
                put(self.memory, at, u64::from(tag));
            }
            ScalarType::Int => {
                let int = int_of(value).ok_or(Refused::Mistyped)?;
                self.number(at, tag::INT, int.cast_unsigned());
            }
            ScalarType::Uint => {
                let uint = uint_of(value).ok_or(Refused::Mistyped)?;
                self.number(at, tag::UINT, uint);
            }
            ScalarType::Double => {
                let double = double_of(value).ok_or(Refused::Mistyped)?;
                self.number(at, tag::DOUBLE, double.to_bits());
            }
            // The module parses these where a rule asks for them.
            ScalarType::String | ScalarType::Timestamp | ScalarType::Semver => {
                let (Value::String(text) | Value::Text(text)) = value else {
                    return Err(Refused::Mistyped);
                };
                let tag = match ty {
                    ScalarType::Timestamp => tag::TIMESTAMP_TEXT,
                    ScalarType::Semver => tag::SEMVER_TEXT,
                    _ => tag::STRING,
                };
                self.string(at, tag, text)?;
            }
        }
        Ok(())
    }

    /// The elements' records lie together, what they need of the room behind them.
    fn list<'e>(
        &mut self,
        slot: &Slot,
        elements: impl ExactSizeIterator<Item = Value<'e>>,
    ) -> Result<(), Refused> {
        let count = elements.len();
        let first = self.free;
        self.free = first + count * RECORD_BYTES as usize;
        if self.free > self.memory.len() {
            return Err(Refused::NeedsBytes(self.free));
        }
        for (element, position) in elements.zip(0..) {
            self.scalar(first as u32 + position * RECORD_BYTES, slot.ty, element)?;
        }
        put(
            self.memory,
            slot.at + record::TAG,
            u64::from(tag::LIST) | (count as u64) << 32,
        );
        put(self.memory, slot.at + record::VALUE, first as u64);
        Ok(())
    }

    fn number(&mut self, at: u32, tag: u32, bits: u64) {
        put(self.memory, at + record::TAG, u64::from(tag));
        put(self.memory, at + record::VALUE, bits);
    }

    /// A number's text beside it, for buckets.
    fn text(&mut self, slot: &Slot) -> Result<(), Refused> {
        let bits = get(self.memory, slot.at + record::VALUE);
        let text = match slot.ty {
            ScalarType::Int => NumberText::of_int(bits.cast_signed()),
            ScalarType::Uint => NumberText::of_uint(bits),
            ScalarType::Double => NumberText::of_double(f64::from_bits(bits)),
            _ => return Ok(()),
        };
        let address = self.bytes(text.as_bytes())?;
        let length = text.as_bytes().len() as u64;
        put(
            self.memory,
            slot.at + record::TEXT,
            u64::from(address) | length << 32,
        );
        Ok(())
    }

    /// A record of a string: up to eight bytes stand in the record itself, more in the room.
    fn string(&mut self, at: u32, tag: u32, text: &str) -> Result<(), Refused> {
        let bytes = text.as_bytes();
        let address = if bytes.len() <= 8 {
            at + record::HEAD
        } else {
            self.bytes(bytes)?
        };
        let end = at as usize + WRITTEN_BYTES;
        self.record(at, tag, address, text)
            .ok_or(Refused::NeedsBytes(end))
    }

    /// As [`Self::string`], for one of up to 16 bytes, in few instructions. `None`: the memory is too small.
    #[inline]
    fn short_string(&mut self, at: u32, text: &str) -> Option<()> {
        let bytes = text.as_bytes();
        let mut address = at + record::HEAD;
        if bytes.len() > 8 {
            let room = self.memory.get_mut(self.free..)?.first_chunk_mut::<16>()?;
            let (first, second) = bytes.split_at(8);
            let words = u128::from(head(first)) | u128::from(head(second)) << 64;
            *room = words.to_le_bytes();
            address = self.free as u32;
            self.free += 16;
        }
        self.record(at, tag::STRING, address, text)
    }

    #[inline]
    fn record(&mut self, at: u32, tag: u32, address: u32, text: &str) -> Option<()> {
        let place = self.memory.get_mut(at as usize..)?;
        let place = place.first_chunk_mut::<WRITTEN_BYTES>()?;
        // In the order of `abi::record`: tag and length, value, head, hash.
        let words = [
            u64::from(tag) | (text.len() as u64) << 32,
            u64::from(address),
            head(text.as_bytes()),
            0,
        ];
        let (places, _) = place.as_chunks_mut();
        for (place, word) in places.iter_mut().zip(words) {
            *place = word.to_le_bytes();
        }
        Some(())
    }

    /// Copies bytes into the room, padded with zeros to a multiple of eight.
    #[inline(never)]
    fn bytes(&mut self, bytes: &[u8]) -> Result<u32, Refused> {
        let at = self.free;
        let end = at + bytes.len().next_multiple_of(8);
        let Some(room) = self.memory.get_mut(at..end) else {
            return Err(Refused::NeedsBytes(end));
        };
        // The last word first, as a whole, and then what it shares with the rest once more.
        if let Some(last) = room.last_chunk_mut() {
            *last = [0; 8];
        }
        room[..bytes.len()].copy_from_slice(bytes);
        self.free = end;
        Ok(at as u32)
    }
}

/// A value as a bool, where it is taken for one.
pub(crate) fn bool_of(value: Value<'_>) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(value),
        Value::Text(text) => text.parse().ok(),
        _ => None,
    }
}

/// A number that is whole is an int however it was written: JSON knows no difference between 5 and 5.0.
pub(crate) fn int_of(value: Value<'_>) -> Option<i64> {
    match value {
        Value::Int(value) => Some(value),
        Value::Uint(value) => i64::try_from(value).ok(),
        Value::Double(value) => whole(value).and_then(|value| i64::try_from(value).ok()),
        Value::Text(text) => text.parse().ok(),
        _ => None,
    }
}

/// Likewise.
pub(crate) fn uint_of(value: Value<'_>) -> Option<u64> {
    match value {
        Value::Int(value) => u64::try_from(value).ok(),
        Value::Uint(value) => Some(value),
        Value::Double(value) => whole(value).and_then(|value| u64::try_from(value).ok()),
        Value::Text(text) => text.parse().ok(),
        _ => None,
    }
}

/// Any number.
#[expect(
    clippy::cast_precision_loss,
    reason = "a double is the nearest to what was sent"
)]
pub(crate) fn double_of(value: Value<'_>) -> Option<f64> {
    match value {
        Value::Int(value) => Some(value as f64),
        Value::Uint(value) => Some(value as f64),
        Value::Double(value) => Some(value),
        Value::Text(text) => text.parse().ok(),
        _ => None,
    }
}

/// The whole number that a double is, where it is one and an `i128` holds it.
fn whole(value: f64) -> Option<i128> {
    (value.fract() == 0.0 && value.abs() < 1e38).then_some(value as i128)
}

/// The answers that `decide_all` has left.
pub(super) fn answers(memory: &[u8], at: u32, count: usize) -> Vec<i64> {
    let (answers, _) = memory.get(at as usize..).unwrap_or_default().as_chunks();
    answers
        .iter()
        .take(count)
        .map(|answer| i64::from_le_bytes(*answer))
        .collect()
}

/// The tag of the record at an address.
pub(super) fn tag(memory: &[u8], at: u32) -> u32 {
    get(memory, at + record::TAG) as u32
}

#[inline]
fn put(memory: &mut [u8], at: u32, word: u64) {
    if let Some(place) = memory.get_mut(at as usize..).and_then(<[u8]>::first_chunk_mut) {
        *place = word.to_le_bytes();
    }
}

#[inline]
fn get(memory: &[u8], at: u32) -> u64 {
    memory
        .get(at as usize..)
        .and_then(<[u8]>::first_chunk)
        .map_or(0, |word| u64::from_le_bytes(*word))
}
