//! A context on its way into a program's memory: each attribute that the rules read becomes the record in its slot.

use super::abi::{self, head, record, tag};
use super::context::{Attributes, Context, Value};
use super::load::Shared;
use super::metadata::ScalarType;

/// What must be remembered of a context while it lies in the memory.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// The slots that are not missing, to be cleared before the next context.
    addresses: Vec<u32>,
    /// Positions of slots whose values broke their declaration.
    pub(super) mistyped: Vec<usize>,
}

/// The memory must have at least so many bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NeedsBytes(pub(super) usize);

impl Written {
    /// Replaces the context in memory by this one.
    pub(super) fn write(
        &mut self,
        memory: &mut [u8],
        program: &Shared,
        context: &Context<'_>,
    ) -> Result<(), NeedsBytes> {
        for at in self.addresses.drain(..) {
            put(memory, at, abi::MISSING);
        }
        self.mistyped.clear();
        put(memory, abi::NOW, context.now_ms.cast_unsigned());
        let mut writer = Writer {
            memory,
            program,
            free: program.metadata.room as usize,
            written: self,
        };
        match context.attributes {
            Attributes::Pairs(pairs) => pairs
                .iter()
                .try_for_each(|(name, value)| writer.attribute(name, *value)),
            Attributes::Json(object) => object
                .iter()
                .try_for_each(|(name, value)| writer.attribute(name, value.into())),
            Attributes::Texts(texts) => texts
                .iter()
                .try_for_each(|(name, text)| writer.attribute(name, Value::Text(text))),
            Attributes::Values(values) => values
                .iter()
                .try_for_each(|(name, value)| writer.attribute(name, value.into())),
        }?;
        let free = writer.free as u64;
        put(memory, abi::FREE, free);
        Ok(())
    }
}

struct Writer<'w> {
    memory: &'w mut [u8],
    program: &'w Shared,
    free: usize,
    written: &'w mut Written,
}

impl Writer<'_> {
    #[inline]
    fn attribute(&mut self, name: &str, value: Value<'_>) -> Result<(), NeedsBytes> {
        let Some(found) = self.program.names.find(name) else {
            return Ok(());
        };
        let slot = &self.program.metadata.slots[found.slot];
        if found.alias && self.written.addresses.contains(&slot.at) {
            return Ok(());
        }
        match (slot.ty, value) {
            (ScalarType::String, Value::String(text) | Value::Text(text)) => {
                self.string(slot.at, tag::STRING, text)?;
            }
            _ => return Ok(()),
        }
        self.written.addresses.push(slot.at);
        Ok(())
    }

    /// A record of a string: up to eight bytes stand in the record itself, more in the room.
    #[inline]
    fn string(&mut self, at: u32, tag: u32, text: &str) -> Result<(), NeedsBytes> {
        let bytes = text.as_bytes();
        let address = if bytes.len() <= 8 {
            at + record::HEAD
        } else {
            self.bytes(bytes)?
        };
        put(
            self.memory,
            at + record::TAG,
            u64::from(tag) | (bytes.len() as u64) << 32,
        );
        put(self.memory, at + record::VALUE, u64::from(address));
        put(self.memory, at + record::HEAD, head(bytes));
        put(self.memory, at + record::HASH, 0);
        Ok(())
    }

    /// Copies bytes into the room, padded with zeros to a multiple of eight.
    #[inline]
    fn bytes(&mut self, bytes: &[u8]) -> Result<u32, NeedsBytes> {
        let at = self.free;
        let end = at + bytes.len().next_multiple_of(8);
        let Some(room) = self.memory.get_mut(at..end) else {
            return Err(NeedsBytes(end));
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

#[inline]
fn put(memory: &mut [u8], at: u32, word: u64) {
    if let Some(place) = memory.get_mut(at as usize..).and_then(<[u8]>::first_chunk_mut) {
        *place = word.to_le_bytes();
    }
}
