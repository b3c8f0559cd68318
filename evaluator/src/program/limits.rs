//! What a module from outside may be, checked before the engine sees it. Validation proves it well-formed and confined to
//! its own memory; this proves it a program, and small enough to compile in bounded time, which no bound at run time does.

use std::collections::HashSet;

use wasmparser::{BinaryReaderError, FunctionBody, Operator, Parser, Payload, Validator};

use super::abi;
use super::error::LoadError;
use super::metadata::Metadata;

/// Segments of millions of entries fit; larger ones are not compiled by us either.
const MAX_MODULE_BYTES: usize = 600 << 20;
/// Ours are at most half of that.
const MAX_FUNCTION_BYTES: u64 = 256 << 10;
/// Some 30,000 features of five rules.
const MAX_CODE_BYTES: u64 = 64 << 20;
/// Features, their parts and helpers.
const MAX_FUNCTIONS: u64 = 200_000;
/// How deep blocks may stand in each other, of which ours need some hundreds: compiling takes as long as its square.
const MAX_NESTING: u64 = 2_000;
/// Of all functions together: a few bytes declare thousands, and each costs time. Ours have some ten each.
const MAX_LOCALS: u64 = 4_000_000;
/// What an instance may take, in all.
pub(super) const MAX_MEMORY_BYTES: u64 = 1 << 30;
const PAGE_BYTES: u64 = 64 << 10;

/// Checks a module and takes its metadata out.
pub(super) fn check(wasm: &[u8]) -> Result<Metadata, LoadError> {
    if wasm.len() > MAX_MODULE_BYTES {
        return Err(LoadError::TooLarge {
            bytes: wasm.len(),
            limit_bytes: MAX_MODULE_BYTES,
        });
    }
    if !wasm.starts_with(b"\0asm") {
        return Err(not_a_program("it is no WebAssembly"));
    }
    Validator::new_with_features(abi::FEATURES)
        .validate_all(wasm)
        .map_err(LoadError::Invalid)?;
    let found = Found::read(wasm)?;
    let metadata = found
        .metadata
        .ok_or_else(|| not_a_program("it has no metadata"))?;
    if metadata.abi != abi::VERSION {
        return Err(LoadError::Version {
            found: metadata.abi,
            expected: abi::VERSION,
        });
    }
    check_metadata(&metadata, found.memory_bytes)?;
    Ok(metadata)
}

/// What of a module is to be checked.
#[derive(Default)]
struct Found {
    metadata: Option<Metadata>,
    memory_bytes: u64,
    code_bytes: u64,
    locals: u64,
}

impl Found {
    fn read(wasm: &[u8]) -> Result<Self, LoadError> {
        let mut found = Self::default();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload.map_err(LoadError::Invalid)? {
                Payload::ImportSection(imports) if imports.count() > 0 => {
                    return Err(not_a_program("it has imports"));
                }
                Payload::StartSection { .. } => return Err(not_a_program("it has a start function")),
                Payload::TableSection(tables) if tables.count() > 0 => {
                    return Err(not_a_program("it has tables"));
                }
                Payload::MemorySection(memories) => {
                    for memory in memories {
                        found.memory_bytes = memory.map_err(LoadError::Invalid)?.initial * PAGE_BYTES;
                        at_most("a memory of so many bytes", found.memory_bytes, MAX_MEMORY_BYTES)?;
                    }
                }
                Payload::FunctionSection(functions) => {
                    at_most("so many functions", u64::from(functions.count()), MAX_FUNCTIONS)?;
                }
                Payload::CodeSectionEntry(body) => {
                    let bytes = body.range().len() as u64;
                    at_most("a function of so many bytes", bytes, MAX_FUNCTION_BYTES)?;
                    found.code_bytes += bytes;
                    at_most("so many bytes of code", found.code_bytes, MAX_CODE_BYTES)?;
                    found.locals += locals(&body).map_err(LoadError::Invalid)?;
                    at_most("so many local variables", found.locals, MAX_LOCALS)?;
                    let nesting = nesting(&body).map_err(LoadError::Invalid)?;
                    at_most("blocks that stand in each other so deep", nesting, MAX_NESTING)?;
                }
                Payload::CustomSection(section) if section.name() == abi::METADATA_SECTION => {
                    found.metadata =
                        Some(serde_json::from_slice(section.data()).map_err(LoadError::Metadata)?);
                }
                _ => {}
            }
        }
        Ok(found)
    }
}

/// How many local variables a function declares.
fn locals(body: &FunctionBody<'_>) -> Result<u64, BinaryReaderError> {
    let declared = body.get_locals_reader()?.into_iter();
    declared
        .map(|group| group.map(|(count, _)| u64::from(count)))
        .sum()
}

/// How many of a function's blocks stand in each other at most.
fn nesting(body: &FunctionBody<'_>) -> Result<u64, BinaryReaderError> {
    let (mut now, mut most) = (0_u64, 0);
    for operator in body.get_operators_reader()? {
        match operator? {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => now += 1,
            Operator::End => now = now.saturating_sub(1),
            _ => {}
        }
        most = most.max(now);
    }
    Ok(most)
}

/// The metadata is as good as the module's author: nothing of it is used as an index before it is known to be one.
fn check_metadata(metadata: &Metadata, memory_bytes: u64) -> Result<(), LoadError> {
    let features = metadata.features.len();
    let within =
        |at: u32, bytes: u64| u64::from(at) >= u64::from(abi::SLOTS) && u64::from(at) + bytes <= memory_bytes;
    if !metadata
        .slots
        .iter()
        .all(|slot| within(slot.at, u64::from(abi::RECORD_BYTES)))
    {
        return Err(not_a_program("a slot lies outside its memory"));
    }
    if !within(metadata.results, features as u64 * 8) || !within(metadata.room, 0) {
        return Err(not_a_program("its answers or its room lie outside its memory"));
    }
    let mut names = HashSet::new();
    if !metadata.slots.iter().all(|slot| names.insert(&slot.name)) {
        return Err(not_a_program("two slots have one name"));
    }
    let mut keys = HashSet::new();
    for variable in &metadata.variables {
        let feature = metadata.features.get(variable.feature as usize);
        if feature.is_none_or(|feature| feature.variations.len() != variable.values.len()) {
            return Err(not_a_program(
                "a variable's values are not those of its feature's variations",
            ));
        }
        if !keys.insert(&variable.key) {
            return Err(not_a_program("two variables have one key"));
        }
    }
    if metadata
        .features
        .iter()
        .any(|feature| usize::from(feature.default) >= feature.variations.len())
    {
        return Err(not_a_program("a feature's default is none of its variations"));
    }
    Ok(())
}

fn at_most(what: &'static str, found: u64, limit: u64) -> Result<(), LoadError> {
    if found > limit {
        Err(LoadError::Excessive { what, found, limit })
    } else {
        Ok(())
    }
}

fn not_a_program(what: &'static str) -> LoadError {
    LoadError::NotAProgram { what }
}
