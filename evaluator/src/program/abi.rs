//! What a module and its host agree on beside the metadata: where things lie in linear memory, and how an
//! answer is packed.
//!
//! Memory begins with a header, then come the slots, then what the compiler laid out (the array that
//! `decide_all` fills, literals, tables), then, up to the memory's end, room for the strings and lists of
//! a context. A host writes the header, the slots and that room, and nothing else.
//!
//! A *record* is 64 bytes that hold one value; slots, list elements and literals all are records.

use wasmparser::WasmFeatures;

/// `i64`: the context's moment, in milliseconds since the Unix epoch.
pub const NOW: u32 = 0;
/// `u32`: the first free byte after the context's strings and lists; the module builds its own from there.
pub const FREE: u32 = 8;
/// Where the slots begin.
pub const SLOTS: u32 = 64;
/// The size of a record.
pub const RECORD_BYTES: u32 = 64;

/// Offsets within a record.
pub mod record {
    /// `u32`, one of [`super::tag`].
    pub const TAG: u32 = 0;
    /// `u32`: bytes of a string, elements of a list; all ones where missing, so that no comparison holds.
    pub const LENGTH: u32 = 4;
    /// A number's 64 bits, or the `u32` address of a string's bytes or a list's first element.
    pub const VALUE: u32 = 8;
    /// The first eight bytes of a string, padded with zeros.
    pub const HEAD: u32 = 16;
    /// For a number whose users are bucketed: the `u32` address and `u32` length of its text.
    pub const TEXT: u32 = 16;
    /// A string's hash, 0 until the module has computed it.
    pub const HASH: u32 = 24;
    /// What the module parses from a string: a timestamp or a version.
    pub const PARSED: u32 = 32;
}

/// What a record holds.
pub mod tag {
    /// Nothing: the context has no such attribute, or one of another type than declared.
    pub const MISSING: u32 = 0;
    /// `false`
    pub const FALSE: u32 = 1;
    /// `true`
    pub const TRUE: u32 = 2;
    /// A 64-bit signed integer.
    pub const INT: u32 = 3;
    /// A 64-bit unsigned integer.
    pub const UINT: u32 = 4;
    /// A binary64 number.
    pub const DOUBLE: u32 = 5;
    /// A string.
    pub const STRING: u32 = 6;
    /// A list.
    pub const LIST: u32 = 7;
    /// A string that is to be parsed as a timestamp before its first use.
    pub const TIMESTAMP_TEXT: u32 = 8;
    /// A parsed timestamp.
    pub const TIMESTAMP: u32 = 9;
    /// A string that is to be parsed as a version before its first use.
    pub const SEMVER_TEXT: u32 = 10;
    /// A parsed version.
    pub const SEMVER: u32 = 11;
    /// A string that was to be a timestamp or version and is none: as if missing.
    pub const BROKEN: u32 = 12;
    /// A duration, in nanoseconds.
    pub const DURATION: u32 = 13;
}

/// The first eight bytes of a missing attribute's slot: tag and length.
pub const MISSING: u64 = 0xffff_ffff_0000_0000;

/// The name of the custom section that holds the metadata, as JSON.
pub const METADATA_SECTION: &str = "crossfade";

/// The name of the custom section that may hold the rules' files; no host needs it to decide.
pub const SOURCES_SECTION: &str = "crossfade.sources";

/// The version of all this: a host refuses a module of another.
pub const VERSION: u32 = 1;

/// What a feature's function answers: which variation, by which rule, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// A position in the feature's variations.
    pub variation: u16,
    /// A position in the feature's rules; none for the default.
    pub rule: Option<u16>,
    /// Why.
    pub why: Why,
}

/// Why a variation is served, as a module says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// No rule matched.
    Default,
    /// A rule matched, and no bucket was asked.
    Matched,
    /// A rule matched, and a rollout or weights decided by bucket.
    Split,
    /// The feature is off.
    Disabled,
}

impl Outcome {
    /// As the module returns it: from the low end variation, rule plus one, reason, 16 bits each.
    pub fn pack(self) -> i64 {
        let rule = self.rule.map_or(0, |rule| i64::from(rule) + 1);
        let why = match self.why {
            Why::Default => 0,
            Why::Matched => 1,
            Why::Split => 2,
            Why::Disabled => 3,
        };
        i64::from(self.variation) | rule << 16 | why << 32
    }

    /// `None`: not an answer that [`Outcome::pack`] makes, so the module is not ours or is broken.
    pub fn unpack(packed: i64) -> Option<Self> {
        let variation = (packed & 0xffff) as u16;
        let rule = (packed >> 16 & 0xffff) as u16;
        let why = match packed >> 32 {
            0 => Why::Default,
            1 => Why::Matched,
            2 => Why::Split,
            3 => Why::Disabled,
            _ => return None,
        };
        Some(Self {
            variation,
            rule: rule.checked_sub(1),
            why,
        })
    }
}

/// The first eight bytes of a string as a word, padded with zeros: what stands at [`record::HEAD`].
#[inline]
pub fn head(bytes: &[u8]) -> u64 {
    // Two overlapping reads where eight bytes cannot be read at once: or-ing a byte with itself changes nothing.
    let quad = |at: usize| {
        bytes
            .get(at..)
            .and_then(<[u8]>::first_chunk)
            .map_or(0, |quad| u32::from_le_bytes(*quad))
    };
    match bytes.len() {
        0 => 0,
        1..=3 => {
            let byte = |at: usize| u64::from(bytes[at]) << (at * 8);
            byte(0) | byte(bytes.len() / 2) | byte(bytes.len() - 1)
        }
        4..=7 => u64::from(quad(0)) | u64::from(quad(bytes.len() - 4)) << ((bytes.len() - 4) * 8),
        _ => bytes.first_chunk().map_or(0, |eight| u64::from_le_bytes(*eight)),
    }
}

/// The features of WebAssembly that modules may use. Not those that copy or fill memory: one can take as long as a million
/// others, and nothing looks at the time before it ends.
pub const FEATURES: WasmFeatures = WasmFeatures::WASM1.union(WasmFeatures::MULTI_VALUE);
